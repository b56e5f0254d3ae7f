#!/bin/bash
# The first process of namespaces of its own (mounts, network, processes): the engine in the folder $1 as the root, with
# its data in $2; the folders that follow are there under their own names, the first of them for the socket and the log.
# When standard input ends, so does everything: the kernel ends what a PID namespace holds with its first process.
set -eu
root=$1 data=$2
shift 2
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t sysfs sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mkdir -p var/lib/docker var/run
mount -t tmpfs tmpfs var/run
mount --bind "$data" var/lib/docker
for folder in "$@"; do
  mkdir -p ".$folder"
  mount --bind "$folder" ".$folder"
done
mkdir run/old
pivot_root . run/old
cd /
umount -l /run/old
echo "nameserver 10.0.2.3" >/etc/resolv.conf
ip link set lo up
kind=legacy
iptables-legacy --list >/dev/null 2>&1 || kind=nft
ln -sf "iptables-$kind" /usr/sbin/iptables
ln -sf "ip6tables-$kind" /usr/sbin/ip6tables
# images and the builder's cache stay from run to run, nothing else
rm -rf /var/lib/docker/containers /var/lib/docker/network /var/lib/docker/volumes
cgroup=$(basename "$1")
HOME=/root dockerd --host "unix://$1/docker.sock" --storage-driver overlay2 --exec-opt native.cgroupdriver=cgroupfs \
  --cgroup-parent "/$cgroup" >"$1/dockerd.log" 2>&1 </dev/null &
cat <&0 >/dev/null &
wait -n || true # for the first of the two to end
kill -KILL -1 || true
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
  # a cgroup is empty some milliseconds after its last process has ended
  for try in 1 2 3 4 5 6 7 8 9 10; do
    find "$hierarchy/$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    [ -d "$hierarchy/$cgroup" ] || break
    sleep 0.1
  done
done
