#!/bin/busybox sh
# First process of LaKvm's initramfs. With root= on the kernel's command line it mounts that file system and hands over to
# its init; otherwise it starts a shell and powers off when the shell ends. It understands
#   (root=/dev/ram is this one)
#   root=/dev/vda | LABEL=x | UUID=x | 9p tag    rootfstype= rootflags= ro rw    init=    overlayroot=tmpfs    ip=dhcp
/bin/busybox --install -s 2>/dev/null # /sbin/init is there
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=vt100

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs tmpfs /tmp

root= type= flags= mode=ro init=/sbin/init overlay= ip=
set -f
for word in $(cat /proc/cmdline); do
    case $word in
        root=/dev/ram | root=/dev/ram0) ;;
        root=*) root=${word#root=} ;;
        rootfstype=*) type=${word#rootfstype=} ;;
        rootflags=*) flags=${word#rootflags=} ;;
        init=*) init=${word#init=} ;;
        ro | rw) mode=$word ;;
        overlayroot=tmpfs) overlay=yes ;;
        ip=dhcp) ip=dhcp ;;
    esac
done
set +f

# Only what the machine has: each module costs the emulated processor time. The numbers are virtio device types.
for file in /sys/bus/platform/devices/*.virtio_mmio /sys/bus/platform/devices/LNRO0005:*; do
    [ ! -e "$file" ] || { modprobe -q virtio_mmio; break; }
done
for file in /sys/bus/virtio/devices/*/device; do
    [ -e "$file" ] || continue
    case $(cat "$file") in
        0x0001) modprobe -q virtio_net ;;
        0x0002) modprobe -q virtio_blk ;;
        0x0004) modprobe -q virtio_rng ;;
        0x0009) modprobe -q 9pnet_virtio; modprobe -q 9p ;;
    esac
done

# Where a device is that no driver has: by the name that the device tree gives it, or by its number among ACPI's devices.
device_address() {
    for node in /proc/device-tree/$1@*; do
        [ ! -e "$node" ] || echo 0x${node##*@}
    done
    sed -n "s/^ *\([0-9a-f]*\)-.* : $2:00\$/0x\1/p" /proc/iomem
}

# A kernel without a driver for the 7A's clock starts in 1970, where no certificate is valid yet. The calendar's two words are at
# 0x2c and 0x30 (7A1000 manual, "RTC").
set_clock() {
    local base=$1 toy year
    [ -n "$base" ] && [ ! -e /dev/rtc0 ] || return
    toy=$(devmem $((base + 0x2c))) && year=$(devmem $((base + 0x30))) || return
    date -u -s "$((year + 1900))-$((toy >> 26))-$((toy >> 21 & 31)) $((toy >> 16 & 31)):$((toy >> 10 & 63)):$((toy >> 4 & 63))"
}
set_clock $(device_address rtc LOON0001) >/dev/null

# What the kernel lacks it asks for by this program: mount finds its file systems, ip its kinds of networks.
echo /sbin/modprobe >/proc/sys/kernel/modprobe
ip link set lo up
if [ "$ip" != dhcp ]; then
    :
elif [ -f /program.sh ]; then
    udhcpc -b -q -t 2 -T 1 -i eth0 >/dev/null 2>&1 # a program finds its network
else
    udhcpc -b -q -i eth0 >/dev/null 2>&1 &
fi

# LaKvm's board has a port to the program around it: the exit code, and behind it the size of the terminal that shows the
# console (columns, rows; 0 if there is none).
host_port=$(device_address host-port LAKV0001)

set_terminal_size() {
    [ -n "$host_port" ] && size=$(devmem $((host_port + 4)) 32) && [ $((size)) != 0 ] || return
    [ "$size" = "$last_size" ] || stty -F /dev/console cols $((size & 0xffff)) rows $((size >> 16))
    last_size=$size
}

follow_terminal_size() {
    while set_terminal_size; do
        sleep 1
    done
}

power_off() {
    sync
    [ -z "$host_port" ] || devmem "$host_port" 32 "$1"
    poweroff -f
}

# The power button is an input device, where Linux finds it by ACPI. The first event ends the wait.
on_power_button() {
    modprobe -q evdev
    for device in /sys/class/input/event*; do
        [ "$(cat "$device/device/name" 2>/dev/null)" = "Power Button" ] || continue
        head -c 24 "/dev/input/${device##*/}" >/dev/null && "$@"
        return
    done
}

# A program of the user's, in the directory where they started it, which is shared under the tag lakvm-program. Its streams are
# the console or ports of a virtio console, by name.
connect() {
    [ "$1" != tty ] || { echo /dev/console; return; }
    tries=0
    while [ $tries -lt 200 ]; do
        for port in /sys/class/virtio-ports/*; do
            [ "$(cat "$port/name" 2>/dev/null)" != "$1" ] || { echo "/dev/${port##*/}"; return; }
        done
        tries=$((tries + 1))
        sleep 0.05
    done
    echo /dev/null
}

run_program() {
    directory=$1 input=$(connect "$2") output=$(connect "$3") errors=$(connect "$4")
    exec 9>"$errors"
    shift 4
    place=$directory
    [ -z "$(ls -A "$place" 2>/dev/null)" ] || place=/mnt
    mkdir -p "$place"
    if ! mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576,cache=mmap lakvm-program "$place" 2>&9; then
        echo "lakvm: $directory cannot be mounted in the guest" >&9
        power_off 125
    fi
    cd "$place"
    on_power_button kill -TERM -1 &
    set_terminal_size && follow_terminal_size &
    case $input$output$errors in
        */dev/console*)
            setsid cttyhack sh -c '[ "$1" = /dev/console ] || exec <"$1"; [ "$2" = /dev/console ] || exec >"$2"
                [ "$3" = /dev/console ] || exec 2>&9; shift 3; exec 9>&- "$@"' sh "$input" "$output" "$errors" "$@"
            ;;
        *) (exec setsid "$@" <"$input" >"$output" 2>&9 9>&-) ;; # what this shell says of a signal is for the console
    esac
    status=$?
    cd /
    umount "$place"
    echo 0 >/proc/sys/kernel/printk # that it powers off does not belong on the program's streams
    power_off $status
}

shell() {
    cat <<EOF

LaKvm: Linux $(uname -r) with a root file system in RAM. "exit" or "poweroff" ends the machine.

EOF
    cd /root
    on_power_button power_off 0 &
    set_terminal_size && follow_terminal_size &
    setsid cttyhack sh -l
    power_off $?
}

fail() {
    echo "LaKvm: $*" >&2
    shell
}

# Block devices may appear a moment after their driver.
find_device() {
    tries=0
    while [ $tries -lt 50 ]; do
        case $root in
            LABEL=* | UUID=*) device=$(findfs "$root" 2>/dev/null) && return ;;
            *) device=$root; [ -b "$device" ] && return ;;
        esac
        tries=$((tries + 1))
        sleep 0.1
    done
    fail "there is no device $root for the root file system"
}

mount_root() {
    if [ "$type" = 9p ]; then
        device=$root
        flags=trans=virtio,version=9p2000.L,msize=131072${flags:+,$flags}
    else
        find_device
        type=${type:-ext4}
        modprobe -q "$type"
    fi
    if [ -z "$overlay" ]; then
        mount -t "$type" -o "$mode${flags:+,$flags}" "$device" /newroot || fail "$device cannot be mounted as $type"
        return
    fi
    modprobe -q overlay
    mkdir -p /run/lower /overlay
    mount -t tmpfs tmpfs /overlay
    mkdir /overlay/upper /overlay/work
    mount -t "$type" -o "ro${flags:+,$flags}" "$device" /run/lower || fail "$device cannot be mounted as $type"
    mount -t overlay -o lowerdir=/run/lower,upperdir=/overlay/upper,workdir=/overlay/work overlay /newroot ||
        fail "no overlay over $device"
}

[ ! -f /program.sh ] || . /program.sh
[ -n "$root" ] || shell
mount_root
[ -x "/newroot$init" ] || [ -L "/newroot$init" ] || fail "$root has no $init"
set_terminal_size
umount /tmp /dev/pts
for directory in dev proc sys run; do
    mount --move /$directory /newroot/$directory
done
exec switch_root /newroot "$init" "$@"
