#!/bin/sh
# A health check that ends what hangs: Docker starts again what ends, and leaves alone what is unhealthy.
#
#   end_hung.sh NAME COMMAND...
#
# COMMAND says by its exit code how the container is: 0 well, 1 hung, 3 idle (tasks in its queue and room for them),
# anything else unwell for want of something else, which ending would not mend. After three looks in a row at which
# it was hung or idle everything in the container is asked to end, at the next it is killed, and a note is left for
# the watcher, who tells (trading_ops.watch.troubles). One that was never well is given sixty looks to start.
name=$1
shift
"$@"
code=$?
looks=/tmp/looks_that_failed
case $code in
    0) rm -f $looks; : > /tmp/was_well; exit 0 ;;
    1) trouble=hung ;;
    3) trouble=idle ;;
    *) exit 1 ;;
esac
count=$(($(cat $looks 2>/dev/null || echo 0) + 1))
echo $count > $looks
limit=60
[ -e /tmp/was_well ] && limit=3
if [ $count -eq $limit ]; then
    : > "/var/trading-ops/troubles/$name.$trouble.$(date +%s)"
    # All but the first process, which ends with its child, and this one. What was stopped goes on, to take it.
    kill -s TERM -- -1
    kill -s CONT -- -1
elif [ $count -gt $limit ]; then
    kill -s KILL -- -1
fi
exit 1
