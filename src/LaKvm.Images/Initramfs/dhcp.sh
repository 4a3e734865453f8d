#!/bin/busybox sh
# What udhcpc calls with its answers: sets address, route and name servers of a network card.
case $1 in
    deconfig)
        ip address flush dev "$interface"
        ip link set "$interface" up
        ;;
    bound | renew)
        ip address flush dev "$interface"
        ip address add "$ip/${mask:-24}" ${broadcast:+broadcast "$broadcast"} dev "$interface"
        for gateway in $router; do
            ip route replace default via "$gateway" dev "$interface"
            break
        done
        for server in $dns; do
            echo "nameserver $server"
        done >/etc/resolv.conf
        ;;
esac
