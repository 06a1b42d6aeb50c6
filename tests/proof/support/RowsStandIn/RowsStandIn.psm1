# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Get-CimInstance and Get-WinEvent where there is no Windows: they answer from the file WINSTORAGE_ROWS. A PowerShell that
# has this folder's parent in PSModulePath loads them by name. See rows_standin.py for the file.

$recorded = ConvertFrom-Json ([System.IO.File]::ReadAllText($env:WINSTORAGE_ROWS)) -AsHashtable

function ConvertFrom-Recorded($value) {
    if ($value -is [array]) { return , @($value | ForEach-Object { ConvertFrom-Recorded $_ }) }
    if ($value -isnot [System.Collections.IDictionary]) { return $value }
    if ($value.Contains('$char')) { return [char]$value['$char'] }
    if ($value.Contains('$bytes')) { return , [System.Convert]::FromHexString($value['$bytes']) }
    if ($value.Contains('$time')) { return [datetime]::Parse($value['$time'], [cultureinfo]::InvariantCulture) }
    $properties = [ordered]@{}
    foreach ($name in $value.Keys) { $properties[$name] = ConvertFrom-Recorded $value[$name] }
    # like that of a CimInstance, it has Name and Value in each element, and finds elements by name
    [pscustomobject]@{ CimInstanceProperties = ([pscustomobject]$properties).PSObject.Properties }
}

function Test-Wql($instance, $filter) {
    foreach ($all in $filter.Trim('(', ')') -split '\) AND \(') {
        $met = $false
        foreach ($any in $all -split ' OR ') {
            $name, $literal = $any -split ' = ', 2
            $literal = $literal -replace "^'(.*)'$", '$1' -replace '\\(.)', '$1'
            $met = $met -or "$($instance[$name])" -eq $literal
        }
        if (-not $met) { return $false }
    }
    $true
}

function Get-CimInstance {
    [CmdletBinding()]
    param($Namespace, $ClassName, $Filter, $OperationTimeoutSec)

    if ($ClassName -eq 'Sleeps') { Start-Sleep -Seconds 60 }
    $space = $recorded.classes.Keys | Where-Object { $_ -eq $Namespace }
    $class = if ($space) { $recorded.classes[$space].Keys | Where-Object { $_ -eq $ClassName } }
    $instances = if ($class) { , $recorded.classes[$space][$class] }
    if ($null -eq $instances) { throw "Invalid class $ClassName" }
    $instances | Where-Object { -not $Filter -or (Test-Wql $_ $Filter) } | ForEach-Object { ConvertFrom-Recorded $_ }
}

function Get-WinEvent {
    [CmdletBinding()]
    param($LogName, $FilterXPath, $MaxEvents)

    $age = [timespan]::MaxValue
    if ($FilterXPath -match ' and TimeCreated\[timediff\(@SystemTime\) <= (\d+)\]') {
        $age = [timespan]::FromMilliseconds($Matches[1])
        $FilterXPath = $FilterXPath.Replace($Matches[0], '')
    }
    $found = foreach ($event in $recorded.events) {
        $time = [datetime]::Parse($event.time, [cultureinfo]::InvariantCulture).ToUniversalTime()
        $data = -join @($event.data | ForEach-Object { '<Data>{0}</Data>' -f [System.Security.SecurityElement]::Escape($_) })
        $xml = ('<Event><System><Provider Name="{0}"/><EventID Qualifiers="49152">{1}</EventID></System>' +
            '<EventData>{2}<Binary>{3}</Binary></EventData></Event>') -f $event.provider, $event.id, $data, $event.binary
        if ($event.log -eq $LogName -and [datetime]::UtcNow - $time -lt $age -and ([xml]$xml).SelectNodes($FilterXPath).Count) {
            $whole = $xml.Replace('<Event>', '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event">')
            [pscustomobject]@{ Id = $event.id; TimeCreated = $time; RecordId = $event.record; Xml = $whole } |
                Add-Member -MemberType ScriptMethod -Name ToXml -Value { $this.Xml } -PassThru
        }
    }
    if (-not $found) {
        $problem = [System.Exception]::new('No events were found that match the specified selection criteria.')
        $PSCmdlet.ThrowTerminatingError(
            [System.Management.Automation.ErrorRecord]::new($problem, 'NoMatchingEventsFound', 'ObjectNotFound', $null))
    }
    $found | Sort-Object -Property TimeCreated -Descending | Select-Object -First $MaxEvents
}

Export-ModuleMember -Function Get-CimInstance, Get-WinEvent
