#!/bin/sh
# Runs each file of tests in a process of its own, four at a time, as paratest does. Fails when one of them fails.
cd "$(dirname "$0")"
find . -name '*Test.php' -print0 | xargs -0 -n 1 -P 4 phpunit --no-configuration --do-not-cache-result
