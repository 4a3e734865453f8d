# Python's libraries on what has a known answer; prints how many checks held.
import decimal, fractions, hashlib, json, math, queue, random, re, struct, subprocess, sys, threading, zlib

checks = 0


def check(condition):
    global checks
    assert condition
    checks += 1


rng = random.Random(1)
check([rng.randrange(1000) for _ in range(3)] == [137, 582, 867])
tree = {str(i): [rng.random(), None, True, {"text": "\u00e4\n" * (i % 4)}] for i in range(500)}
check(json.loads(json.dumps(tree)) == tree)
check(hashlib.md5(b"abc").hexdigest() == "900150983cd24fb0d6963f7d28e17f72")
check(hashlib.sha3_256(b"").hexdigest() == "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a")
check(hashlib.blake2b(b"abc", digest_size=4).digest() == hashlib.blake2b(b"abc", digest_size=4).digest())
noise = bytes(rng.randrange(256) for _ in range(50000)) + b"pattern " * 20000
for level in (1, 6, 9):
    check(zlib.decompress(zlib.compress(noise, level)) == noise)
check(zlib.crc32(b"123456789") == 0xCBF43926 and zlib.adler32(b"Wikipedia") == 0x11E60398)

# Pi by Machin's formula, in decimal.
decimal.getcontext().prec = 110


def arctan_of_inverse(n):
    term = total = decimal.Decimal(1) / n
    k = 1
    while abs(term) > decimal.Decimal(10) ** -109:
        term /= -n * n
        k += 2
        total += term / k
    return total


pi = 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))
check(str(pi)[:52] == "3.14159265358979323846264338327950288419716939937510")
check(float(pi) == math.pi)
check(sum((fractions.Fraction(1, n) for n in range(1, 30)), fractions.Fraction(0)).denominator == 2329089562800)
check(pow(3, 10**18, 10**9 + 7) == pow(pow(3, 10**9, 10**9 + 7), 10**9, 10**9 + 7))
check(len(str(math.factorial(1000))) == 2568 and math.isqrt(10**60) == 10**30)
for _ in range(2000):
    number = struct.unpack("<d", struct.pack("<Q", rng.getrandbits(64)))[0]
    if number == number and not float(repr(number)) == number:
        check(False)
check(re.findall(r"(?<=a)(\d+)(?:x|y)\b", "a12x b3y a44y a5") == ["12", "44"])
check(re.sub(r"(\w+) (\w+)", r"\2 \1", "one two three four") == "two one four three")
check("stra\u00dfe".upper() == "STRASSE" and sorted("\u00e9ab") == ["a", "b", "\u00e9"])

jobs, totals, lock = queue.Queue(), [0], threading.Lock()


def work():
    while (n := jobs.get()) is not None:
        with lock:
            totals[0] += n


threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[jobs.put(n) for n in list(range(2000)) + [None] * 4]
[thread.join() for thread in threads]
check(totals[0] == 1999000)
check(subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True).stdout == "42\n")
try:
    1 // 0
except ZeroDivisionError:
    checks += 1
print(checks)
