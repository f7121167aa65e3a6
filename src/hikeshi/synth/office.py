# SPDX-License-Identifier: Apache-2.0
"""A small invented company on five ordinary working days: what its machines log and its staff write."""

from __future__ import annotations

import random
from collections.abc import Iterator

from hikeshi.pack import LogRecord
from hikeshi.synth.mail import Letter

DOMAIN = "mihon.example"
SERVER, DESK, CLEAN = f"fs-01.{DOMAIN}", f"ws-07.{DOMAIN}", f"ws-03.{DOMAIN}"
MONDAY = 1_710_082_800_000_000  # 2024-03-11 00:00:00 in Japan
MILLISECOND, MINUTE, HOUR, DAY = 1000, 60_000_000, 3_600_000_000, 86_400_000_000
STAFF = {"hayashi": "林 葉子", "sasaki": "佐々木 澄", "mori": "森 一", "admin": "情報システム"}

SYSMON = ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon")
SECURITY = ("Security", "Microsoft-Windows-Security-Auditing")
PROGRAMS = (
    (
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
        "--single-argument https://portal.mihon.example/",
    ),
    (r"C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE", ""),
    (
        r"C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE",
        r'"C:\Users\{user}\Documents\売上_3月.xlsx"',
    ),
    (r"C:\Windows\System32\notepad.exe", r"C:\Users\{user}\Documents\memo.txt"),
    (r"C:\Windows\System32\PING.EXE", "192.0.2.1 -n 4"),
)
RUN = r"HKU\S-1-5-21-1000000001-1000000002-1000000003-1003\SOFTWARE\Microsoft\Windows\CurrentVersion\Run"
SETUP = r"HKLM\SOFTWARE\Microsoft\Active Setup\Installed Components"


def server(seed: int) -> Iterator[LogRecord]:
    """A file server: somebody logs on every ten minutes, day and night."""
    chance = random.Random(f"server {seed}")
    for at in range(MONDAY, MONDAY + 5 * DAY, 10 * MINUTE):
        user = chance.choice([*STAFF])
        fields = {
            "TargetUserName": user,
            "LogonType": "3",
            "IpAddress": f"192.0.2.{chance.randrange(10, 60)}",
        }
        yield LogRecord(
            _jitter(chance, at, 9 * MINUTE), SERVER, *SECURITY, chance.choice((4624, 4634)), fields
        )


def desk(seed: int, host: str, user: str) -> Iterator[LogRecord]:
    """A desk in working hours: programs started, files saved, pages fetched."""
    chance = random.Random(f"desk {host} {seed}")
    account = {"User": f"MIHON\\{user}", "ProcessId": "4312"}
    for day in range(5):
        opening = MONDAY + day * DAY + 9 * HOUR
        logon = {"TargetUserName": user, "LogonType": "2", "IpAddress": "-"}
        yield LogRecord(_jitter(chance, opening, 5 * MINUTE), host, *SECURITY, 4624, logon)
        for at in range(opening + 10 * MINUTE, opening + 9 * HOUR, 15 * MINUTE):
            number, fields = _work(chance, user)
            yield LogRecord(_jitter(chance, at, 14 * MINUTE), host, *SYSMON, number, {**fields, **account})


def updates(host: str, user: str) -> Iterator[LogRecord]:
    """Two ordinary autostart entries, as updates leave them."""
    account = {"EventType": "SetValue", "User": f"MIHON\\{user}", "ProcessId": "1180"}
    drive = rf"C:\Users\{user}\AppData\Local\Microsoft\OneDrive\OneDrive.exe"
    chrome = r"C:\Program Files\Google\Chrome\Application\122.0.6261.112\Installer\chrmstp.exe"
    component = SETUP + r"\{8A69D345-D564-463c-AFF1-A69D9E530F96}\StubPath"
    at = MONDAY + DAY + 12 * HOUR
    values = (
        (RUN + r"\OneDrive", f'"{drive}" /background', drive),
        (component, f'"{chrome}" --configure', chrome),
    )
    for number, (name, data, image) in enumerate(values):
        fields = {**account, "TargetObject": name, "Details": data, "Image": image}
        yield LogRecord(at + number * MINUTE, host, *SYSMON, 13, fields)


def _work(chance: random.Random, user: str) -> tuple[int, dict[str, str]]:
    program, argument = chance.choice(PROGRAMS)
    kind = chance.choice((1, 1, 3, 11))
    if kind == 1:
        line = f'"{program}" {argument.format(user=user)}'.rstrip()
        shell = r"C:\Windows\explorer.exe"
        return 1, {"Image": program, "CommandLine": line, "ParentImage": shell, "ParentCommandLine": shell}
    if kind == 3:
        address = {"DestinationIp": f"198.51.100.{chance.randrange(1, 255)}", "DestinationPort": "443"}
        return 3, {"Image": PROGRAMS[0][0], "Initiated": "true", "Protocol": "tcp", **address}
    name = rf"C:\Users\{user}\Documents\資料_{chance.randrange(1000):03d}.xlsx"
    return 11, {"Image": PROGRAMS[2][0], "TargetFilename": name}


def _jitter(chance: random.Random, at: int, span: int) -> int:
    return at + chance.randrange(span // MILLISECOND) * MILLISECOND


def letters() -> Iterator[Letter]:
    """Harmless mail in Japanese and English."""
    hop = (("mail.mihon.example", "192.0.2.25", "mail.mihon.example"),)
    texts = (
        (
            "mori",
            "【連絡】3月の定例会議",
            "各位\n\n3月の定例会議は14日（木）10時からです。\n資料は前日までに共有フォルダーへ置いてください。\n\n森\n",
        ),
        (
            "sasaki",
            "Re: 【連絡】3月の定例会議",
            "森さん\n\n承知しました。売上の資料は私が用意します。\n\n佐々木\n",
        ),
        (
            "admin",
            "【情シス】パスワード変更のお願い",
            "社員の皆さま\n\n社内ポータルのパスワードは3月末までに変更してください。\nメールの中のリンクからは変更できません。\n\n情報システム\n",
        ),
        ("hayashi", "備品の注文について", "総務のご担当の方\n\nコピー用紙を5箱お願いします。\n\n林\n"),
    )
    for day, (user, subject, body) in enumerate(texts):
        sender = (STAFF[user], f"{user}@{DOMAIN}")
        to = (("", f"all@{DOMAIN}"),)
        yield Letter(
            f"office-{day}@{DOMAIN}", MONDAY + day * DAY + 10 * HOUR, sender, to, subject, body, received=hop
        )
    abroad = ("Partner Support", "support@partner.example")
    body = "Dear all,\n\nthe maintenance is done.\nFrom now on all is as before.\n\nPartner Support\n"
    hops = (("mx.partner.example", "198.51.100.40", "mail.mihon.example"),)
    yield Letter(
        "notice-20240314@partner.example",
        MONDAY + 3 * DAY + 15 * HOUR,
        abroad,
        (("", f"all@{DOMAIN}"),),
        "Maintenance finished",
        body,
        "us-ascii",
        hops,
        "mail.mihon.example; spf=pass smtp.mailfrom=partner.example; dkim=pass; dmarc=pass",
    )
