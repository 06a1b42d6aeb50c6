# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Sets what rows ask for: a text in, a text out, both JSON. Which setting a row is about, and whether it should be set,
# is the controller's affair: see runner/writes.py. Each row is set by itself; the answer has its error, or null.
# Runs in Windows PowerShell 5.1 and in PowerShell 7. A cmdlet of another module does not see the preferences of this one.

$writers = @{
    number = {
        param($row, $root)
        $key = $root.CreateSubKey($row.key)
        try { $key.SetValue($row.name, [int]$row.value, 'DWord') } finally { $key.Dispose() }
    }
    entry = {
        param($row, $root)
        $key = $root.OpenSubKey($row.key, $true)
        if (-not $key) { throw "there is no key $($row.key)" }
        try {
            $found = $key.GetValue($row.name, $null)
            if ($null -ne $found -and $found -isnot [string[]]) { throw "$($row.name) is no list of texts" }
            $others = @($found | Where-Object { $null -ne $_ -and $_ -ne $row.entry })
            if ($row.present -and $found -contains $row.entry) { return }
            $key.SetValue($row.name, [string[]]@($others; if ($row.present) { $row.entry }), 'MultiString')
        }
        finally { $key.Dispose() }
    }
    firewall_rule = {
        param($row)
        Set-NetFirewallRule -Name $row.name -Enabled "$($row.enabled)" -ErrorAction Stop
    }
    automatic_claim = {
        param($row)
        if ($row.enabled) { $null = Enable-MSDSMAutomaticClaim -BusType $row.bus_type -ErrorAction Stop }
        else { $null = Disable-MSDSMAutomaticClaim -BusType $row.bus_type -ErrorAction Stop }
    }
}

function Set-Row {
    param([string]$settings)

    $ErrorActionPreference = 'Stop'
    $problems = New-Object System.Collections.Generic.List[object]
    foreach ($row in (ConvertFrom-Json -InputObject $settings)) {
        try {
            $root = if ($row.key) { [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64') }
            $null = & $writers[$row.kind] $row $root
            $problems.Add($null)
        }
        catch { $problems.Add($_.Exception.GetBaseException().Message) }
    }
    ConvertTo-Json -InputObject $problems.ToArray() -Compress
}

Export-ModuleMember -Function Set-Row
