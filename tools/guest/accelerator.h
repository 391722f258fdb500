/*
 * Whether KVM works. That /dev/kvm exists proves nothing: there may be no permission, no support in an outer machine, or one
 * that runs simple code and fails at a firmware's. So the firmware itself is run on it, and KVM works if the firmware says
 * something on COM1. The answer is kept in build/run/accelerator for as long as the host is up and nothing else has changed.
 */
#pragma once

#include <stdbool.h>

#include "tools/guest/options.h"

/* The CPU model that QEMU gets with KVM unless told otherwise. */
#define ACCELERATOR_KVM_CPU "host"

/* True if KVM works for the machine of the options; else out_why has the reason. */
bool accelerator_kvm_works(const struct options *options, const char **out_why);
