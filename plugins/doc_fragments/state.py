# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation of the modules shares that keep an initiator as declared."""

from __future__ import annotations


class ModuleDocFragment:
    """winstorage.iscsi.state and its parts."""

    DOCUMENTATION = r"""
options:
  discovery_time_limit:
    description:
      - How many seconds a discovery may take, V(0) for as long as it wants. A portal that does not answer can block for
        minutes.
    type: int
    default: 60
  login_time_limit:
    description: How many seconds a login or logout may take, V(0) for as long as it wants.
    type: int
    default: 60
  time_limit:
    description: How many seconds all calls of one round trip may take, V(0) for as long as they want.
    type: int
    default: 300
attributes:
  action:
    description:
      - Indicates this has a corresponding action plugin so some parts of the options can be executed on the controller.
    support: full
  action_group:
    description:
      - Use C(group/winstorage.iscsi.initiator) in C(module_defaults) to set defaults for all modules of the collection.
    support: full
    membership: [winstorage.iscsi.initiator]
  async:
    description: Supports being used with the C(async) keyword.
    support: none
  become:
    description: Is usable alongside become keywords.
    support: full
  bypass_host_loop:
    description: Forces a global task that does not execute per host.
    support: none
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details: The plan and the diff are those of a real run. While MSiSCSI is stopped nothing but the service can be
      compared.
  connection:
    description: Uses the target's configured connection information to execute code on it.
    support: full
  delegation:
    description: Can be used in conjunction with delegate_to and related keywords.
    support: full
    details: The engine is that of the host the task is delegated to.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: full
    details: Each record has a diff with a line for each field. Of a secret it tells only whether one is set.
  facts:
    description: Action returns an C(ansible_facts) dictionary that will update existing host facts.
    support: none
  platform:
    description: Target OS/families that can be operated against.
    platforms: windows
    support: full
notes:
  - What is omitted is not managed. Names of targets and of initiator instances are compared without letter case,
    addresses in their canonical form.
  - A task costs one round trip to the host when there is nothing to do, and two when there is.
  - Nothing is changed when the plan has an obstacle that can be known beforehand; the error names each.
  - A secret is never read, and never shown. Keep it in a vault, and not in the text of a playbook, of which Ansible
    quotes lines in errors.
  - MSiSCSI must run, see M(winstorage.iscsi.initiator). The host needs nothing installed, see
    R(the guide to engines,ansible_collections.winstorage.iscsi.docsite.engines).
"""

    STATE = r"""
options:
  state:
    description: Whether it shall be there.
    type: str
    choices: [present, absent]
    default: present
"""

    FORCE = r"""
options:
  force:
    description:
      - End a session even though it is the last path to a disk. Without it such a task is refused and names the disks.
      - Windows itself refuses to end a session whose disk is in use, and no option overrides that.
    type: bool
    default: false
"""

    INITIATOR = r"""
options:
  initiator_instance:
    description:
      - The instance of the initiator, such as V(ROOT\\ISCSIPRT\\0000_0).
      - When omitted, it is that of the record there is, or the only one of the host. Where several come into question
        the task is refused.
    type: str
  initiator_port:
    description:
      - Number of the initiator's port, which stands for one of its addresses. Omitted means any port.
      - It belongs to the identity. A record for any port and one for port V(0) are two records.
    type: int
"""

    LOGIN = r"""
options:
  target:
    description: iSCSI name of the target.
    type: str
    required: true
  portal:
    description:
      - Where the target is reached, as text such as V(192.0.2.21), V(192.0.2.21:3260) or V([2001:db8::21]:3260), or as
        a mapping with C(address) and C(port). The port is V(3260) when omitted. Omitted means any portal of the target.
      - It belongs to the identity.
    type: raw
  copies:
    description:
      - How many there shall be. Each identical record is a session of its own at boot, which is wanted for several
        sessions to one portal and a mistake otherwise.
    type: int
    default: 1
  ipsec_key:
    description:
      - Preshared key for IPsec, as text or hexadecimal digits after V(0x). It goes with the login and is not compared.
    type: str
  symbolic_name:
    description: Symbolic name of the portal.
    type: str
  mappings:
    description: SCSI numbers that the login asks for. Omitted leaves them to Windows.
    type: dict
    suboptions:
      bus:
        description: SCSI bus.
        type: int
        required: true
      target_number:
        description: SCSI target.
        type: int
        required: true
      luns:
        description: The logical units.
        type: list
        elements: dict
        required: true
        suboptions:
          os_lun:
            description: Number that Windows shall give it.
            type: int
            required: true
          target_lun:
            description: Its number at the target, as the DLL has it and C(winstorage.iscsi.facts) reports it.
            type: int
            required: true
"""

    SECURITY_FLAGS = r"""
options:
  security_flags:
    description:
      - A list of names, a number, or the flags as C(winstorage.iscsi.facts) reports them. An empty list is no flag.
      - Names are V(valid), V(ike_ipsec_enabled), V(main_mode_enabled), V(aggressive_mode_enabled), V(pfs_enabled),
        V(transport_mode_preferred) and V(tunnel_mode_preferred).
      - Without V(valid) the others mean nothing. Flags that contradict each other are told by a warning, and set.
    type: raw
"""

    LOGIN_OPTIONS = r"""
options:
  login_flags:
    description:
      - A list of names, a number, or the flags as C(winstorage.iscsi.facts) reports them. An empty list is no flag.
      - Names are V(require_ipsec), V(multipath_enabled), V(allow_portal_hopping), V(use_radius_response) and
        V(use_radius_verification).
      - With V(multipath_enabled) a warning tells when MPIO claims no device of the host.
    type: raw
  header_digest:
    description: V(none), V(crc32c), or V(unspecified).
    type: str
  data_digest:
    description: V(none), V(crc32c), or V(unspecified).
    type: str
  maximum_connections:
    description: Connections in the session, 1 to 65535, or V(unspecified).
    type: str
  default_time2wait:
    description: Seconds to wait before connecting again, or V(unspecified).
    type: str
  default_time2retain:
    description: Seconds to keep a broken session, or V(unspecified).
    type: str
  auth_type:
    description: V(none), V(chap), V(mutual_chap), or V(unspecified).
    type: str
  username:
    description:
      - User name for CHAP, or V(0x) and the hexadecimal digits of its bytes, or V(unspecified). Windows takes the node
        name of the initiator when none is specified.
    type: str
  secret:
    description:
      - Secret for CHAP with the target, as text of 12 to 16 characters or as hexadecimal digits after V(0x). With the
        login flag V(require_ipsec) it may be shorter.
      - Windows cannot change a record and does not give its secret back. To change anything of a record that has one
        takes its secret, and the task is refused without.
    type: str
"""

    UPDATE_SECRET = r"""
options:
  update_secret:
    description:
      - V(on_create) sets the secret when the record is made, made again for another reason, or has none.
      - V(always) makes the record again each time, and so reports a change each time.
      - Windows does not give a secret back, so a changed secret cannot be noticed with V(on_create). To change one, run
        the task once with V(always).
    type: str
    choices: [on_create, always]
    default: on_create
"""
