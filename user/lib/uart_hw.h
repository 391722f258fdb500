/* Registers of the 16550 family of UARTs (National Semiconductor PC16550D data sheet, section 8), offsets from the base port. */
#pragma once

#define UART_DATA 0          /* 8.4, 8.5: receiver buffer, transmitter holding register */
#define UART_INTERRUPTS 1    /* 8.9: enable */
#define UART_FIFO 2          /* 8.7: write only */
#define UART_CAUSE 2         /* 8.8: read only */
#define UART_LINE_CONTROL 3  /* 8.1 */
#define UART_MODEM_CONTROL 4 /* 8.10 */
#define UART_LINE_STATUS 5   /* 8.6 */
#define UART_MODEM_STATUS 6  /* 8.11 */
#define UART_SCRATCH 7       /* 8.12 */
#define UART_DIVISOR_LOW 0   /* 8.3: with LINE_DIVISOR set */
#define UART_DIVISOR_HIGH 1

#define INTERRUPT_RECEIVED 0x01
#define INTERRUPT_EMPTY 0x02 /* the transmitter holding register */

#define FIFO_ENABLE 0x01
#define FIFO_CLEAR 0x06
#define FIFO_TRIGGER_14 0xc0
#define FIFO_SIZE 16

#define LINE_8N1 0x03
#define LINE_DIVISOR 0x80

#define MODEM_DTR 0x01
#define MODEM_RTS 0x02
#define MODEM_OUT2 0x08 /* connects the interrupt on a PC */
#define MODEM_LOOP 0x10

#define STATUS_RECEIVED 0x01
#define STATUS_EMPTY 0x20 /* the transmitter takes FIFO_SIZE bytes */
