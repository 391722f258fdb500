#!/bin/bash
# That a server's stores to its state are told before they happen, whichever compiler has made it (user/lib/state_stores.h).
#
# needs: build/tests/stores/gcc build/tests/stores/clang
failures=0
for compiler in gcc clang; do
	"build/tests/stores/$compiler" >"build/tests/stores/$compiler.out" || failures=1
	sed -E "s/^(ok|not ok) /\1 $compiler./" "build/tests/stores/$compiler.out"
done
exit $failures
