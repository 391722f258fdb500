# Read by every interactive bash, as Debian builds it.

PS1='bash:\w \$ '
