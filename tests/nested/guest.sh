#!/bin/sh
# Runs a guest under Linux's KVM: guest [QEMU OPTIONS]. Without -kernel it is Debian with an initrd that ends in a shell.
case " $* " in
    *" -kernel "*) ;;
    *) set -- -kernel /boot/vmlinuz -initrd /boot/initrd.img \
           -append "console=ttyS0,115200 rdinit=/init panic=-1 initcall_blacklist=i8042_init $APPEND" "$@" ;;
esac
# The guest's terminal ends its lines with carriage returns already.
stty -onlcr 2>/dev/null
qemu-system-loongarch64 -machine virt -accel kvm -cpu host -m "${MEMORY:-640M}" -nic none -nographic -no-reboot "$@"
status=$?
stty onlcr 2>/dev/null
exit $status
