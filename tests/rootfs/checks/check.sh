#!/bin/sh
# Debian's programs at work on /checks/data and /checks/words: a line "name result" for each; the test knows the results.
# It works in /tmp, which should be in RAM.
set -u
cd /tmp
export LC_ALL=C PATH=/usr/bin:/usr/sbin HOME=/tmp
data=/checks/data words=/checks/words
digest() { sha256sum | cut -d' ' -f1; }
said() { echo "$1 $2"; }

said machine "$(uname -m)"
said hwcap "$(LD_SHOW_AUXV=1 /bin/true | sed -n 's/^AT_HWCAP: *//p')"
said sha256sum "$(sha256sum <$data | cut -d' ' -f1)"
said sha512sum "$(sha512sum <$data | cut -d' ' -f1)"
said sha1sum "$(sha1sum <$data | cut -d' ' -f1)"
said md5sum "$(md5sum <$data | cut -d' ' -f1)"
said openssl-sha256 "$(openssl dgst -sha256 -r $data | cut -d' ' -f1)"
said openssl-md5 "$(openssl dgst -md5 -r $data | cut -d' ' -f1)"
said openssl-aes "$(openssl enc -aes-256-cbc -K "$(cat /checks/key)" -iv "$(cat /checks/iv)" -in $data | digest)"
said openssl-chacha "$(openssl enc -chacha20 -K "$(cat /checks/key)" -iv "$(cat /checks/iv)" -in $data |
    openssl enc -d -chacha20 -K "$(cat /checks/key)" -iv "$(cat /checks/iv)" | digest)"
openssl speed -seconds 1 -bytes 8192 -evp aes-128-gcm >speed 2>&1 && said openssl-speed done

for tool in gzip xz zstd bzip2; do
    $tool -c <$data >packed && said $tool "$($tool -dc <packed | digest)"
done
said sort "$(sort $words | digest)"
said sort-unique "$(sort -u $words | wc -l)"
said sort-numbers "$(cut -d: -f2 $words | sort -n | digest)"
said tac "$(tac $words | tac | digest)"
said tr "$(tr a-z A-Z <$words | tr A-Z a-z | digest)"
said base64 "$(base64 $data | base64 -d | digest)"
said grep "$(grep -c '^[a-f]*:' $words)"
said sed "$(sed -E 's/^([^:]*):(.*)$/\2:\1/; s/^([^:]*):(.*)$/\2:\1/' $words | digest)"
cp $data copy && dd if=copy bs=999 2>/dev/null | cmp - $data && said dd same
mkdir -p tree && (cd tree && split -b 9999 $data part. && cat part.* | cmp - $data && said split same)
said find "$(find /usr/include -name '*.h' | xargs cat | wc -c | sed 's/[0-9]\{4,\}/many/')"

said perl "$(perl /checks/check.pl)"
said perl-sort "$(perl -e 'print sort <>' $words | digest)"
said python "$(python3 /checks/check.py)"
said python-sort "$(python3 -c 'import sys; sys.stdout.writelines(sorted(sys.stdin))' <$words | digest)"
said python-sha256 "$(python3 -c 'import hashlib; print(hashlib.sha256(open("'$data'", "rb").read()).hexdigest())')"

for options in -O0 -O2 "-O3 -mlasx"; do
    # shellcheck disable=SC2086  # a list of words
    gcc $options -Wall -Werror -o program /checks/program.c -lm && said "gcc$(echo "$options" | tr -d ' ')" "$(./program)"
done
