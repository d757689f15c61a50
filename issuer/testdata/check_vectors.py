"""A second implementation of the key format, to check vectors.json: standard library only."""
import hashlib, hmac, json, pathlib, re, zlib

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
V = json.loads((pathlib.Path(__file__).parent / "vectors.json").read_text())
TAG_KEY, PEPPER = bytes.fromhex(V["tag_key_hex"]), bytes.fromhex(V["pepper_hex"])


def base62(value, length):
    text = ""
    for _ in range(length):
        value, digit = divmod(value, 62)
        text = BASE62[digit] + text
    return text


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def why_not(text):
    if not text: return "empty"
    if re.search(r"[^0-9A-Za-z_]", text): return "charset"
    prefix, _, body = text.rpartition("_")
    if len(prefix) > 24 or not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", prefix): return "prefix"
    if len(body) != 51: return "length"
    if body[42:45] != "Kw1": return "mark"
    return None if base62(zlib.crc32(text[:-6].encode()), 6) == text[-6:] else "checksum"


for v in V["mint"]:
    drawn = "".join(BASE62[b % 62] for b in bytes.fromhex(v["random_hex"]) if b < 248)
    nine, secret, stem = drawn[:9], drawn[9:], v["prefix"] + "_" + drawn[:9]
    tag = base62(int.from_bytes(mac(TAG_KEY, stem)[:8], "big") % 62**3, 3)
    key = stem + tag + secret + "Kw1"
    key += base62(zlib.crc32(key.encode()), 6)
    parts = v["prefix"] + "_" + v["nine"] + v["tag"] + v["secret"] + v["mark"] + v["checksum"]
    assert (nine, len(secret), key) == (v["nine"], 30, parts), v["name"]
    assert mac(PEPPER, key).hex() == v["digest_hex"] and why_not(key) is None, v["name"]
for v in V["reject"]:
    assert why_not("".join(v["parts"] or [])) == v["reason"], v["name"]
assert mac(PEPPER, "keywright/pepper-check/1").hex() == V["pepper_check_hex"]
print(len(V["mint"]), "keys and", len(V["reject"]), "rejections hold")
