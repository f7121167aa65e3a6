# SPDX-License-Identifier: Apache-2.0
"""Takes away from the calling process what a parser never needs: network, other files, new processes.

Linux: no_new_privs, Landlock (kernel documentation, userspace-api/landlock) and a seccomp filter (userspace-api/
seccomp_filter; numbers from the kernel's syscall tables). Elsewhere only resource limits hold; confine() says so.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
from collections.abc import Iterable

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 1, 38, 22
_SIGKILL = 9

# socket socketpair connect accept bind listen accept4 · fork vfork execve execveat · ptrace kill tkill
# process_vm_readv/writev pidfd_open pidfd_getfd process_madvise · mount umount2 pivot_root chroot unshare setns ·
# bpf perf_event_open userfaultfd keyctl add_key request_key init_module finit_module kexec_load kexec_file_load ·
# io_uring_setup/enter/register open_by_handle_at memfd_create · chmod, chown, utime and xattr families
_DENIED = {
    "x86_64": (
        (
            41,
            53,
            42,
            43,
            49,
            50,
            288,
            57,
            58,
            59,
            322,
            101,
            62,
            200,
            310,
            311,
            434,
            438,
            440,
            165,
            166,
            155,
            161,
        )
        + (
            272,
            308,
            321,
            298,
            323,
            250,
            248,
            249,
            175,
            313,
            246,
            320,
            425,
            426,
            427,
            304,
            319,
            90,
            91,
            268,
            452,
        )
        + (92, 93, 94, 260, 132, 235, 261, 280, 188, 189, 190, 197, 198, 199)
    ),
    "aarch64": (
        (198, 199, 203, 202, 200, 201, 242, 221, 281, 117, 129, 130, 270, 271, 434, 438, 440, 40, 39, 41, 51)
        + (97, 268, 280, 241, 282, 219, 217, 218, 105, 273, 104, 294, 425, 426, 427, 265, 279, 52, 53, 452)
        + (54, 55, 88, 5, 6, 7, 14, 15, 16)
    ),
}
_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3, _CLONE_THREAD = 435, 0x00010000
_ALLOW, _KILL, _EPERM, _ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026


def confine(readable: Iterable[str], memory: int) -> list[str]:
    """Confine this process for good; gives the names of the protections that this system does not offer."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    missing = []
    if not _limit_memory(memory):
        missing.append("memory limit")
    if sys.platform != "linux":
        return [*missing, "landlock", "seccomp"]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if not _landlock(libc, readable):
        missing.append("landlock")
    if not _seccomp(libc):
        missing.append("seccomp")
    return missing


def _limit_memory(memory: int) -> bool:
    """Limit the address space to what is mapped now plus `memory` bytes."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            mapped = int(statm.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + memory, mapped + memory))
    except (OSError, ValueError):
        return False
    return True


def _landlock(libc: ctypes.CDLL, readable: Iterable[str]) -> bool:
    create, add, restrict = 444, 445, 446
    abi = libc.syscall(create, None, ctypes.c_size_t(0), 1)
    if abi < 1:
        return False
    every = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)) - 1
    attributes = struct.pack("<QQQ", every, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    rules = libc.syscall(create, attributes, ctypes.c_size_t(size), 0)
    if rules < 0:
        return False
    for path in readable:
        try:
            place = os.open(path, getattr(os, "O_PATH", 0) | os.O_CLOEXEC)
        except OSError:
            continue
        read = 0b1100 if os.path.isdir(path) else 0b0100
        libc.syscall(add, rules, 1, struct.pack("<Qi", read, place), 0)
        os.close(place)
    held = bool(libc.syscall(restrict, rules, 0) == 0)
    os.close(rules)
    return held


def _seccomp(libc: ctypes.CDLL) -> bool:
    machine = platform.machine()
    if machine not in _DENIED:
        return False
    program = b"".join(_filter(machine))
    code = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    header = Program(len(program) // 8, ctypes.addressof(code))
    return bool(libc.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(header), 0, 0) == 0)


def _filter(machine: str) -> Iterable[bytes]:
    """Classic BPF: allow by default, refuse the listed calls, let clone make threads only."""
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06

    def step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("<HBBI", code, yes, no, value)

    yield step(load, 4)
    yield step(equal, _ARCH[machine], 1, 0)
    yield step(give, _KILL)
    yield step(load, 0)
    if machine == "x86_64":
        yield step(at_least, 0x40000000, 0, 1)
        yield step(give, _KILL)
    for number in _DENIED[machine]:
        yield step(equal, number, 0, 1)
        yield step(give, _EPERM)
    yield step(equal, _CLONE3, 0, 1)
    yield step(give, _ENOSYS)
    yield step(equal, _CLONE[machine], 0, 3)
    yield step(load, 16)
    yield step(any_bit, _CLONE_THREAD, 1, 0)
    yield step(give, _EPERM)
    yield step(give, _ALLOW)
