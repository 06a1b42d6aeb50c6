#!powershell

# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#Requires -Version 5.1
#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil ..module_utils.Iscsidsc
#AnsibleRequires -PowerShell ..module_utils.Rows
#AnsibleRequires -PowerShell ..module_utils.Settings

$spec = @{
    options = @{
        batch = @{ type = 'str'; required = $true; no_log = $true }
        queries = @{ type = 'str' }
        settings = @{ type = 'str' }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$runner = [ansible_collections.winstorage.iscsi.plugins.module_utils.Iscsidsc.CallRunner]
$module.Result.answer = $runner::Run($module.Params.batch)
if ($module.Params.settings) { $module.Result.settings = Set-Row $module.Params.settings }
if ($module.Params.queries) { $module.Result.rows = Read-Row $module.Params.queries }
$module.ExitJson()
