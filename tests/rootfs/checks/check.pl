# Perl on what has a known answer; prints how many checks held.
use strict;
use warnings;
my $checks = 0;
sub check { $_[0] or die "check " . ($checks + 1) . " failed\n"; $checks++ }

my %count;
$count{$_}++ for split //, "the quick brown fox jumps over the lazy dog" x 100;
check($count{o} == 400 && keys %count == 27);
check(join(",", sort { $a <=> $b } map { $_ * 7919 % 1000 } 1 .. 20) =~ /^\d+(,\d+){19}$/);
my @sorted = sort { $a->[1] cmp $b->[1] or $a->[0] <=> $b->[0] } map { [$_, $_ % 7] } 1 .. 500;
check($sorted[0][0] == 7 && $sorted[-1][0] == 496);
check("2026-11-25" =~ /^(?<y>\d{4})-(?<m>\d\d)-(?<d>\d\d)$/ && $+{y} + $+{m} + $+{d} == 2062);
check("((a)(b(c)))" =~ /^(\((?:[^()]++|(?1))*\))$/);
my $text = "x" x 10000 . "needle" . "y" x 10000;
check($text =~ /e{2}d/ && $-[0] == 10001 && index($text, "needle") == 10000);
(my $swapped = "one two three") =~ s/(\w+) (\w+)/$2 $1/;
check($swapped eq "two one three" && ($text =~ tr/x//) == 10000);
check(unpack("H*", pack("NnC d<", 0x01020304, 0x0506, 7, 1.5)) eq "01020304050607000000000000f83f");
check(sprintf("%.15g %e %x %o %b %s", 0.1, 12345.678, 255, 8, 5, 1e21) eq "0.1 1.234568e+04 ff 10 101 1e+21");
check(abs(atan2(1, 1) * 4 - 3.14159265358979) < 1e-14 && 2**53 == 9007199254740992 && 7 % -3 == -2);
check(18446744073709551615 + 0 == ~0 && (0xdeadbeef ^ ~0) % 4294967296 == 0x21524110);
my ($a, $b) = (0, 1);
($a, $b) = ($b, $a + $b) for 1 .. 90;
check($a == 2880067194370816120);
my $pid = open(my $child, "-|") // die;
if (!$pid) { print "from the child\n"; exit 3 }
check(<$child> eq "from the child\n" && !close($child) && $? >> 8 == 3);
check(join(" ", map { scalar reverse } reverse split / /, "abc def ghi") eq "ihg fed cba");
print "$checks\n";
