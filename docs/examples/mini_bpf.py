"""Array and hash maps of v6.18 as a plugin of `bpfsim conform`: a line of JSON in, one out."""

import json
import sys

EINVAL, ENOENT, EBADF, E2BIG, EFAULT, EEXIST = 22, 2, 9, 7, 14, 17
ATTR, PAGE, HASH, ARRAY = 168, 4096, 1, 2  # sizeof(union bpf_attr), PAGE_SIZE, map types
LAST = {0: 92, 1: 32, 2: 32, 3: 16}  # where CHECK_ATTR ends, by command


class Errno(Exception):
    """What bpf(2) answers instead of 0 or an fd."""


class Skip(Exception):
    """What this plugin does not know."""


def refuse(wrong, errno):
    if wrong:
        raise Errno(errno)


def read(memory, at, size):
    """copy_from_user()."""
    for start, data in memory.items():
        if start <= at and at + size <= start + len(data):
            return data[at - start:at - start + size]
    raise Errno(EFAULT)


def number(attr, offset, size=4):
    return int.from_bytes(attr[offset:offset + size], "little")


def entry(memory, cmd, at, size):
    """Size, tail, copy, CHECK_ATTR: the attr, with zeros behind it."""
    refuse(size > PAGE, E2BIG)
    refuse(size > ATTR and any(read(memory, at + ATTR, size - ATTR)), E2BIG)
    attr = read(memory, at, min(size, ATTR)) if size else b""
    if cmd not in LAST:
        raise Skip("such command")
    refuse(any(attr[LAST[cmd]:]), EINVAL)
    return attr.ljust(ATTR, b"\0")


def create(fds, attr):
    kind, key, value, entries, flags = (number(attr, at) for at in range(0, 20, 4))
    if kind not in (HASH, ARRAY) or flags or any(attr[20:]) or entries * (key + value) > 1 << 20:
        raise Skip("such map")
    refuse(entries == 0 or value == 0 or key == 0 or (kind == ARRAY and key != 4), EINVAL)
    zero = {i.to_bytes(4, "little"): bytes(value) for i in range(entries)}
    fd = min(set(range(3, 1000)) - set(fds))
    fds[fd] = (kind, key, value, entries, zero if kind == ARRAY else {})
    return fd


def element(fds, memory, cmd, attr, written):
    fd, flags = number(attr, 0), number(attr, 24, 8)
    refuse(fd <= 2 or (cmd == 1 and flags & ~4), EINVAL)  # files; what a lookup cannot do
    refuse(fd not in fds, EBADF)
    kind, key_size, value_size, entries, values = fds[fd]
    refuse(cmd != 3 and flags & (4 | 0xffffffff << 32), EINVAL)
    key = read(memory, number(attr, 8, 8), key_size)
    if cmd == 1:
        refuse(key not in values, ENOENT)
        at = number(attr, 16, 8)
        read(memory, at, value_size)  # is it mapped?
        written.append({"at": at, "bytes": values[key].hex()})
    elif cmd == 2:
        value = read(memory, number(attr, 16, 8), value_size)
        refuse(flags > 2, EINVAL)
        refuse(kind == ARRAY and key not in values, E2BIG)
        refuse(flags == 1 and key in values, EEXIST)
        refuse(flags == 2 and key not in values, ENOENT)
        refuse(key not in values and len(values) == entries, E2BIG)
        values[key] = value
    else:
        refuse(kind == ARRAY, EINVAL)
        refuse(values.pop(key, None) is None, ENOENT)
    return 0


def call(fds, request):
    memory = {piece["at"]: bytes.fromhex(piece["bytes"]) for piece in request["memory"]}
    written, cmd = [], request["cmd"]
    try:
        attr = entry(memory, cmd, request["attr"], request["size"])
        ret = create(fds, attr) if cmd == 0 else element(fds, memory, cmd, attr, written)
        return {"ret": ret, "memory": written}
    except Errno as errno:
        return {"ret": -errno.args[0]}
    except Skip as skip:
        return {"skip": f"mini_bpf has no {skip}"}


HELLO = {"schema": "bpfsim.plugin/1", "name": "mini_bpf", "release": "6.18"}
FDS = {}
for line in sys.stdin:
    asked = json.loads(line)
    if asked["do"] == "begin":
        FDS = {}
        answer = {"cpus": asked["cpus"] or 2} if asked["caps"] == "root" else {"skip": "rights"}
    elif asked["do"] == "close":
        answer = {"closed": FDS.pop(asked["fd"], None) is not None}
    else:
        answer = HELLO if asked["do"] == "hello" else call(FDS, asked)
    print(json.dumps(answer), flush=True)
