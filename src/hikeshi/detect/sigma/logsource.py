# SPDX-License-Identifier: Apache-2.0
"""Which events a rule's log source means.

Sources: the Sigma specification's taxonomy appendix (Sysmon and PowerShell categories), the channel names
that Windows registers for its providers, and Microsoft's documentation of security events 4688 and 4657.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from hikeshi.detect.sigma.rules import SigmaRule


@dataclass(frozen=True, slots=True)
class Route:
    """Events of `channels` (lower case; none: every Windows channel) and `ids` (none: every id).

    `name` is the variant a match carries. `view` names the translation of views.py under which the rule's
    field names are looked up; empty where the events carry them themselves.
    """

    name: str
    channels: tuple[str, ...]
    ids: tuple[int, ...] = ()
    view: str = ""

    def admits(self, channel: str | None, event_id: int | None) -> bool:
        """Whether an event of this channel and id belongs here."""
        if channel is None or (self.channels and channel.lower() not in self.channels):
            return False
        return not self.ids or event_id in self.ids


SYSMON = "Microsoft-Windows-Sysmon/Operational"
KERNEL_FILE = "Microsoft-Windows-Kernel-File/Analytic"
POWERSHELL = ("Microsoft-Windows-PowerShell/Operational", "PowerShellCore/Operational")

SYSMON_CATEGORIES: dict[str, tuple[int, ...]] = {
    "process_creation": (1,),
    "file_change": (2,),
    "network_connection": (3,),
    "sysmon_status": (4, 16),
    "process_termination": (5,),
    "driver_load": (6,),
    "image_load": (7,),
    "create_remote_thread": (8,),
    "raw_access_thread": (9,),
    "process_access": (10,),
    "file_event": (11,),
    "registry_event": (12, 13, 14),
    "registry_add": (12,),
    "registry_delete": (12,),
    "registry_set": (13,),
    "registry_rename": (14,),
    "create_stream_hash": (15,),
    "pipe_created": (17, 18),
    "wmi_event": (19, 20, 21),
    "dns_query": (22,),
    "file_delete": (23, 26),
    "clipboard_capture": (24,),
    "clipboard_change": (24,),
    "process_tampering": (25,),
    "file_block_executable": (27,),
    "file_block_shredding": (28,),
    "file_executable_detected": (29,),
    "sysmon_error": (255,),
}

OTHER_CATEGORIES: dict[str, tuple[Route, ...]] = {
    "process_creation": (Route("security-4688", ("security",), (4688,), "4688"),),
    "registry_event": (Route("security-4657", ("security",), (4657,), "4657"),),
    "registry_set": (Route("security-4657", ("security",), (4657,), "4657-set"),),
    "registry_delete": (Route("security-4657", ("security",), (4657,), "4657-delete"),),
    "file_access": (Route("kernel-file", (KERNEL_FILE.lower(),)),),
    "file_rename": (Route("kernel-file", (KERNEL_FILE.lower(),), (19, 27)),),
    "ps_module": (Route("powershell", tuple(map(str.lower, POWERSHELL)), (4103,)),),
    "ps_script": (Route("powershell", tuple(map(str.lower, POWERSHELL)), (4104,)),),
    "ps_classic_start": (Route("powershell-classic", ("windows powershell",), (400,)),),
    "ps_classic_provider_start": (Route("powershell-classic", ("windows powershell",), (600,)),),
    "ps_classic_script": (Route("powershell-classic", ("windows powershell",), (800,)),),
    "antivirus": (
        Route(
            "windefend",
            ("microsoft-windows-windows defender/operational",),
            (1006, 1015, 1116, 1117),
            "defender",
        ),
    ),
}

SERVICES: dict[str, tuple[str, ...]] = {
    "application": ("Application",),
    "application-experience": ("Microsoft-Windows-Application-Experience/Program-Telemetry",),
    "applocker": (
        "Microsoft-Windows-AppLocker/EXE and DLL",
        "Microsoft-Windows-AppLocker/MSI and Script",
        "Microsoft-Windows-AppLocker/Packaged app-Deployment",
        "Microsoft-Windows-AppLocker/Packaged app-Execution",
    ),
    "appmodel-runtime": ("Microsoft-Windows-AppModel-Runtime/Admin",),
    "appxdeployment-server": ("Microsoft-Windows-AppXDeploymentServer/Operational",),
    "appxpackaging-om": ("Microsoft-Windows-AppxPackaging/Operational",),
    "audit-cve": ("Application",),
    "bits-client": ("Microsoft-Windows-Bits-Client/Operational",),
    "bitlocker": ("Microsoft-Windows-BitLocker/BitLocker Management",),
    "capi2": ("Microsoft-Windows-CAPI2/Operational",),
    "certificateservicesclient-lifecycle-system": (
        "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational",
    ),
    "codeintegrity-operational": ("Microsoft-Windows-CodeIntegrity/Operational",),
    "dhcp": ("Microsoft-Windows-DHCP-Server/Operational",),
    "diagnosis-scripted": ("Microsoft-Windows-Diagnosis-Scripted/Operational",),
    "dns-client": (
        "Microsoft-Windows-DNS Client Events/Operational",
        "Microsoft-Windows-DNS-Client/Operational",
    ),
    "dns-server": ("DNS Server",),
    "dns-server-analytic": ("Microsoft-Windows-DNS-Server/Analytical",),
    "dns-server-audit": ("Microsoft-Windows-DNS-Server/Audit",),
    "driver-framework": ("Microsoft-Windows-DriverFrameworks-UserMode/Operational",),
    "firewall-as": ("Microsoft-Windows-Windows Firewall With Advanced Security/Firewall",),
    "hyper-v-worker": ("Microsoft-Windows-Hyper-V-Worker",),
    "iis-configuration": (
        "Microsoft-IIS-Configuration/Operational",
        "Microsoft-IIS-Configuration/Administrative",
    ),
    "kernel-event-tracing": ("Microsoft-Windows-Kernel-EventTracing",),
    "kernel-shimengine": ("Microsoft-Windows-Kernel-ShimEngine/Operational",),
    "ldap": ("Microsoft-Windows-LDAP-Client/Debug",),
    "ldap_debug": ("Microsoft-Windows-LDAP-Client/Debug",),
    "lsa-server": ("Microsoft-Windows-LSA/Operational",),
    "microsoft-servicebus-client": ("Microsoft-ServiceBus-Client", "Microsoft-ServiceBus-Client/Operational"),
    "msexchange-management": ("MSExchange Management",),
    "ntfs": ("Microsoft-Windows-Ntfs/Operational",),
    "ntlm": ("Microsoft-Windows-NTLM/Operational",),
    "openssh": ("OpenSSH/Operational",),
    "powershell": POWERSHELL,
    "powershell-classic": ("Windows PowerShell",),
    "printservice-admin": ("Microsoft-Windows-PrintService/Admin",),
    "printservice-operational": ("Microsoft-Windows-PrintService/Operational",),
    "security": ("Security",),
    "security-mitigations": (
        "Microsoft-Windows-Security-Mitigations/KernelMode",
        "Microsoft-Windows-Security-Mitigations/UserMode",
        "Microsoft-Windows-Security-Mitigations/Kernel Mode",
        "Microsoft-Windows-Security-Mitigations/User Mode",
    ),
    "sense": ("Microsoft-Windows-SENSE/Operational",),
    "shell-core": ("Microsoft-Windows-Shell-Core/Operational",),
    "smbclient-connectivity": ("Microsoft-Windows-SmbClient/Connectivity",),
    "smbclient-security": ("Microsoft-Windows-SmbClient/Security",),
    "smbserver-connectivity": ("Microsoft-Windows-SMBServer/Connectivity",),
    "sysmon": (SYSMON,),
    "system": ("System",),
    "taskscheduler": ("Microsoft-Windows-TaskScheduler/Operational",),
    "terminalservices-localsessionmanager": (
        "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
    ),
    "vhdmp": ("Microsoft-Windows-VHDMP/Operational",),
    "windefend": ("Microsoft-Windows-Windows Defender/Operational",),
    "wmi": ("Microsoft-Windows-WMI-Activity/Operational",),
}


@cache
def routes(product: str | None, category: str | None, service: str | None) -> tuple[Route, ...]:
    """The routes of a log source; none when nothing we read belongs to it."""
    if product not in (None, "windows") or (product is None and category != "antivirus"):
        return ()
    if category is not None:
        found = _category(category)
        if service is None:
            return found
        channels = {name.lower() for name in SERVICES.get(service, ())}
        return tuple(route for route in found if channels & set(route.channels))
    if service is not None:
        channels_of = SERVICES.get(service)
        return (Route(service, tuple(map(str.lower, channels_of))),) if channels_of else ()
    return (Route("windows", ()),)


def _category(category: str) -> tuple[Route, ...]:
    ids = SYSMON_CATEGORIES.get(category)
    sysmon = (Route("sysmon", (SYSMON.lower(),), ids),) if ids else ()
    return sysmon + OTHER_CATEGORIES.get(category, ())


def unmapped(rules: tuple[SigmaRule, ...]) -> list[int]:
    """Numbers of the rules whose log source is none that we read."""
    return [n for n, rule in enumerate(rules) if not routes(rule.product, rule.category, rule.service)]
