# one.sh NAME: runs the script NAME.sh of this folder, in a folder of its own, and
# prints what it printed, between two lines that tell where it begins and ends.
umask 022
export LC_ALL=C TZ=UTC0
mkdir "$1.d" && cd "$1.d" || exit 1
sh "../$1.sh" >../output 2>&1 </dev/null
status=$?
echo "begin $1"
cat ../output
echo "end $1 status $status"
