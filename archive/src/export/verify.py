#!/usr/bin/env python3
"""学藏导出包：列出与核对。 Lists and verifies an export of Xuecang.

    python3 data/verify.py list   [BAG]
    python3 data/verify.py verify [BAG]

只需 Python 3.8 及其标准库。Needs Python 3.8 or newer and nothing else.
返回值 exit code: 0 无误 all is right, 1 有误 something is wrong, 2 无法进行 could not be done.
"""
import hashlib, json, os, re, sys

KNOWN = {}   # what was read: path -> {algorithm: digest, "bytes": length}
FAULTS = []  # what is wrong


def fault(where, zh, en):
    FAULTS.append(where)
    print(f"✗ {clean(where)}: {zh} {en}")


def clean(text):
    """Text that cannot play tricks on a terminal."""
    return "".join(c if c.isprintable() else "?" for c in str(text))


def sums(bag, name):
    """Reads a file once and gives its length and digests; None, and a fault, if it cannot be read."""
    if name not in KNOWN:
        hashes, length = {"sha256": hashlib.sha256(), "sha512": hashlib.sha512()}, 0
        try:
            with open(os.path.join(bag, *name.split("/")), "rb") as file:
                for part in iter(lambda: file.read(1 << 20), b""):
                    length += len(part)
                    for one in hashes.values():
                        one.update(part)
            KNOWN[name] = {key: one.hexdigest() for key, one in hashes.items()}
            KNOWN[name]["bytes"] = length
        except OSError as error:
            KNOWN[name] = None
            fault(name, "缺失或无法读取。", f"It is missing or cannot be read ({error}).")
    return KNOWN[name]


def text(bag, name):
    with open(os.path.join(bag, *name.split("/")), encoding="utf-8") as file:
        return file.read()


def files_below(bag, folder):
    """Every file below a folder, by its name in the bag. Links are faults."""
    found = set()
    for place, folders, files in os.walk(os.path.join(bag, folder)):
        for path in (os.path.join(place, name) for name in folders + files):
            name = os.path.relpath(path, bag).replace(os.sep, "/")
            if os.path.islink(path):
                fault(name, "这是链接，不应出现。", "This is a link; it does not belong here.")
            elif not os.path.isdir(path):
                found.add(name)
    return found


def entries(bag, manifest):
    """Digest and name of every line of a manifest; names that lead out of the bag are faults."""
    listed = {}
    for line in filter(None, text(bag, manifest).split("\n")):
        match = re.fullmatch(r"([0-9A-Fa-f]+)\s+\*?(.+)", line)
        name = match and re.sub("%(0[AaDd]|25)", lambda m: chr(int(m[1], 16)), match[2])
        if not match or name.startswith("/") or "\\" in name or ".." in name.split("/"):
            fault(manifest, "有一行不合规范。", "A line is not as it should be.")
        else:
            listed[name] = match[1].lower()
    return listed


def check_manifests(bag):
    top = [name for name in sorted(os.listdir(bag)) if os.path.isfile(os.path.join(bag, name))]
    payload, tags = files_below(bag, "data"), {name for name in top if not name.startswith("tagmanifest-")}
    for kind, present in (("manifest", payload), ("tagmanifest", tags)):
        names = [name for name in top if re.fullmatch(kind + r"-(sha256|sha512)\.txt", name)]
        if not names:
            fault(kind, "没有可用的清单。", "There is no manifest that can be used.")
        for manifest in names:
            algorithm = manifest[len(kind) + 1:-4]
            listed = entries(bag, manifest)
            for name, digest in sorted(listed.items()):
                known = sums(bag, name)
                if known and known[algorithm] != digest:
                    fault(name, "内容与清单不符。", f"Its bytes differ from {manifest}.")
            for name in sorted(present - set(listed)):
                fault(name, "清单中没有此文件。", f"{manifest} does not list it.")
    return payload


def check_info(bag, payload, objects):
    info = dict(re.findall(r"^([^:\s]+): (.*)$", text(bag, "bag-info.txt"), re.M))
    size = sum((sums(bag, name) or {"bytes": 0})["bytes"] for name in payload)
    if info.get("Payload-Oxum") != f"{size}.{len(payload)}":
        fault("bag-info.txt", "字节数或文件数不符。", f"Payload-Oxum is not {size}.{len(payload)}.")
    if info.get("Xuecang-Objects", str(objects)) != str(objects):
        fault("bag-info.txt", f"档案数不符，实有 {objects}。", f"Xuecang-Objects is not {objects}.")
    return size


def inventory(bag, where):
    """Reads an inventory whose sidecar vouches for it."""
    known, name = sums(bag, f"{where}/inventory.json"), f"{where}/inventory.json.sha512"
    if not known or not sums(bag, name):
        return None
    if text(bag, name).split() != [known["sha512"], "inventory.json"]:
        fault(f"{where}/inventory.json", "与其摘要文件不符。", "It differs from its sidecar.")
    return json.loads(text(bag, f"{where}/inventory.json"))


def check_object(bag, uuid, payload):
    """One OCFL 1.1 object: declaration, inventories with sidecars, every digest of every version."""
    where = f"data/objects/{uuid}"
    mark, newest = f"{where}/0=ocfl_object_1.1", inventory(bag, where)
    if newest is None or not sums(bag, mark):
        return
    if text(bag, mark) != "ocfl_object_1.1\n":
        fault(mark, "不是 OCFL 1.1 对象。", "It is not an OCFL 1.1 object.")
    numbers = [f"v{n + 1}" for n in range(len(newest["versions"]))]
    said = [newest["id"], newest["digestAlgorithm"], newest["head"], set(newest["versions"])]
    if said != [f"urn:uuid:{uuid}", "sha512", numbers[-1], set(numbers)]:
        fault(where, "目录的编号、算法或版本不符。", "Id, algorithm or versions are not as they should be.")
        return
    for number in numbers:
        older = inventory(bag, f"{where}/{number}")
        if older is not None and (older["id"], older["head"]) != (newest["id"], number):
            fault(f"{where}/{number}", "版本目录不符。", "The version's inventory is not of this version.")
        for digest in newest["versions"][number]["state"]:
            if digest not in newest["manifest"]:
                fault(f"{where}/{number}", "引用了不存在的内容。", "It names bytes the object does not hold.")
    if sums(bag, f"{where}/{newest['head']}/inventory.json") != sums(bag, f"{where}/inventory.json"):
        fault(where, "最新版本的目录不符。", "The inventory differs from that of the newest version.")
    held = {f"{where}/{path}": digest for digest, paths in newest["manifest"].items() for path in paths}
    for name, digest in held.items():
        known = sums(bag, name)
        if known and known["sha512"] != digest.lower():
            fault(name, "内容与对象目录不符。", "Its bytes differ from the object's inventory.")
    within = (name for name in payload if name.startswith(where + "/v") and "/content/" in name)
    for name in sorted(set(within) - set(held)):
        fault(name, "对象目录中没有此文件。", "The object's inventory does not list it.")


def verify(bag, objects):
    payload = check_manifests(bag)
    size = check_info(bag, payload, len(objects))
    for uuid in objects:
        try:
            check_object(bag, uuid, payload)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, OSError) as error:
            fault(f"data/objects/{uuid}", "对象无法理解。", f"The object cannot be understood ({error!r}).")
    n, m = len(objects), len(payload)
    print(f"{n} 个档案，{m} 个文件，{size} 字节。 {n} objects, {m} files, {size} bytes.")
    if FAULTS:
        print(f"发现 {len(FAULTS)} 处错误。 {len(FAULTS)} faults were found.")
        return 1
    print("全部核对无误。 Everything was read and is right.")
    return 0


def show(bag, objects):
    for uuid in objects:
        where = f"data/objects/{uuid}"
        newest = json.loads(text(bag, f"{where}/inventory.json"))
        state = newest["versions"][newest["head"]]["state"]
        place = [newest["manifest"][digest][0] for digest, paths in state.items() if "dossier.json" in paths]
        kept = json.loads(text(bag, f"{where}/{place[0]}")) if place else {"facts": {}, "photos": []}
        facts = kept["facts"]
        about = [facts.get(key) or "-" for key in ("name", "student_number", "class")]
        row = [uuid, *about, newest["head"], f"{len(kept['photos'])} 张照片 photos"]
        print(*map(clean, row), sep="\t")
    print(f"共 {len(objects)} 个档案。 {len(objects)} objects in all.")
    return 0


def main(words):
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    bag = words[1] if len(words) > 1 else here
    if not words or words[0] not in ("list", "verify") or len(words) > 2:
        print(__doc__)
        return 2
    try:
        if not text(bag, "bagit.txt").startswith("BagIt-Version: "):
            raise ValueError("bagit.txt")
        folder = os.path.join(bag, "data", "objects")
        objects = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        return (show if words[0] == "list" else verify)(bag, objects)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        print(f"无法进行。 It could not be done: {error!r}")
        return 1 if FAULTS else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
