# The first process of a lab host, in namespaces of its own, still on this machine's file system:
# make the host's file system, then become its init.
# Arguments: name, lower folders, store, keys, disk image ("" for none).
set -eu
name=$1 lower=$2 store=$3 keys=$4 disk=$5

for scope in all default; do # neighbour discovery would only add noise for COLO to compare
    [ ! -e /proc/sys/net/ipv6/conf/$scope ] || echo 1 >/proc/sys/net/ipv6/conf/$scope/disable_ipv6
done
echo "$name" >/proc/sys/kernel/hostname
[ ! -e /proc/sys/net/ipv4/ping_group_range ] || echo "0 2147483647" >/proc/sys/net/ipv4/ping_group_range

mkdir -p "$store/upper" "$store/work" "$store/root"
mount -t overlay "lab-$name" -o "lowerdir=$lower,upperdir=$store/upper,workdir=$store/work" "$store/root"
cd "$store/root"

if [ ! -e "$store/made" ]; then
    echo "$name" >etc/hostname
    printf '127.0.0.1 localhost %s\n' "$name" >etc/hosts
    cp "$keys/$name" etc/ssh/ssh_host_ed25519_key
    cp "$keys/$name.pub" etc/ssh/ssh_host_ed25519_key.pub
    chmod 600 etc/ssh/ssh_host_ed25519_key
    for home in root home/operator; do
        cp "$keys/operator.pub" $home/.ssh/authorized_keys
        chown --reference=$home/.ssh $home/.ssh/authorized_keys
    done
    if [ -n "$disk" ]; then
        mkdir -p var/lib/colotui/web01
        cp "$disk" var/lib/colotui/web01/disk0.qcow2
    fi
    touch "$store/made"
fi

mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=1777 tmp tmp
mkdir run/sshd

mount -t tmpfs -o mode=755,size=1m dev dev
mkdir dev/net dev/pts dev/shm
for node in null zero full random urandom tty kmsg kvm net/tun; do
    [ -e /dev/$node ] || continue
    : >dev/$node
    mount --bind /dev/$node dev/$node
done
mount -t devpts -o newinstance,mode=620,ptmxmode=666 devpts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr

# These belong to the machine the lab runs on; a host of the lab must not reach them.
[ ! -e proc/sysrq-trigger ] || mount --bind dev/null proc/sysrq-trigger
if [ -e proc/irq ]; then
    mount --bind proc/irq proc/irq
    mount -o remount,bind,ro proc/irq
fi

# The keeper wants to know this process as it sees it: /proc is still the one from outside.
read -r pid rest </proc/self/stat
echo "$pid"
read -r go # the NICs are plugged in

pivot_root . mnt
cd /
exec /bin/busybox sh -c 'umount -l /mnt && exec /bin/busybox init' </dev/null >/dev/null 2>&1
