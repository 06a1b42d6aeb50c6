# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Answers queries for rows of management classes, the registry and the event log, and for the totals of tools that list:
# a text in, a text out, both JSON. Reads only. What a query asks for and what its rows mean is the controller's
# affair: see runner/rows.py.
# Runs in Windows PowerShell 5.1 and in PowerShell 7.

$reader = {
    param($question, $answers)

    $ErrorActionPreference = 'Stop'
    $left = @{ bytes = $question.bytes }

    function ConvertTo-Plain($value) {
        $left.bytes -= if ($value -is [string]) { $value.Length } elseif ($value -is [byte[]]) { 2 * $value.Length } else { 8 }
        if ($left.bytes -lt 0) { throw "more than $($question.bytes) bytes in all" }
        if ($null -eq $value) { return $null }
        if ($value -is [string] -or $value -is [char]) { return ([string]$value).TrimEnd([char]0) }
        if ($value -is [ValueType] -and $value.GetType().IsPrimitive) { return $value }
        if ($value -is [datetime]) { return $value.ToUniversalTime().ToString('o') }
        if ($value -is [byte[]]) { return [System.BitConverter]::ToString($value).Replace('-', '').ToLowerInvariant() }
        if ($value -is [array]) {
            $list = New-Object System.Collections.Generic.List[object]  # Windows PowerShell writes arrays otherwise
            foreach ($element in $value) { $list.Add((ConvertTo-Plain $element)) }
            return , $list
        }
        if ($value.CimInstanceProperties) {
            $row = @{}
            foreach ($property in $value.CimInstanceProperties) { $row[$property.Name] = ConvertTo-Plain $property.Value }
            return $row
        }
        [string]$value
    }

    function Select-Property($instance, $names) {
        $row = @{}
        foreach ($group in $names | Group-Object { $_.Split('.')[0] }) {
            $value = $instance.CimInstanceProperties[$group.Name].Value
            $inner = @($group.Group | Where-Object { $_.Contains('.') } | ForEach-Object { $_.Substring($_.IndexOf('.') + 1) })
            $row[$group.Name] = if (-not $inner -or $null -eq $value) { ConvertTo-Plain $value }
            elseif ($value -is [array]) { , @($value | ForEach-Object { Select-Property $_ $inner }) }
            else { Select-Property $value $inner }
        }
        $row
    }

    function Read-Cim($query) {
        $class = @{ Namespace = $query.namespace; ClassName = $query.class_name }
        if ($query.filter) { $class.Filter = $query.filter }
        Get-CimInstance @class -OperationTimeoutSec ([math]::Ceiling($question.milliseconds / 1000)) | ForEach-Object {
            Select-Property $_ $query.properties
        }
    }

    function Read-Count($query) {
        $arguments = $query.arguments
        $totals = @(& "$env:SystemRoot\System32\$($query.tool).exe" @arguments | Where-Object { $_ -match '^\D*\d+\D*$' })
        if ($LASTEXITCODE -or -not $totals) { throw "$($query.tool) ended with $LASTEXITCODE and named no total" }
        @{ count = [int]($totals[0] -replace '\D') }
    }

    function Read-Key($key, $parts, $at, $names, $head) {
        if ($at -lt $parts.Count) {
            $every = $parts[$at] -eq '*'
            foreach ($name in $(if ($every) { $key.GetSubKeyNames() } else { $parts[$at] })) {
                try { $inner = $key.OpenSubKey($name) }
                catch [System.Security.SecurityException] { if ($every) { continue } else { throw } }
                if ($inner) { Read-Key $inner $parts ($at + 1) $names $head; $inner.Dispose() }
            }
            return
        }
        $values = @{}
        $present = $key.GetValueNames()
        foreach ($name in $(if ($null -eq $names) { $present } else { $names | Where-Object { $present -contains $_ } })) {
            $value = $key.GetValue($name, $null, 'DoNotExpandEnvironmentNames')
            if ($null -eq $names -and $value -is [byte[]]) { $value = $null }
            if ($head -and $value -is [byte[]] -and $value.Length -gt $head) {
                $rest, $value = $value, [byte[]]$value[0..($head - 1)]
                [array]::Clear($rest, 0, $rest.Length)
            }
            $values[$name] = ConvertTo-Plain $value
        }
        @{ key = $key.Name.Substring($key.Name.IndexOf('\') + 1); values = $values }
    }

    function Read-Registry($query) {
        $root = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
        Read-Key $root $query.key.Split('\') 0 $query.values $query.head
    }

    function Read-Events($query) {
        try { $events = @(Get-WinEvent -LogName $query.log -FilterXPath $query.xpath -MaxEvents ($question.rows + 1)) }
        catch { if ($_.FullyQualifiedErrorId -like 'NoMatchingEventsFound*') { return } else { throw } }
        foreach ($event in $events) {
            $xml = New-Object System.Xml.XmlDocument
            $xml.Load((New-Object System.Xml.XmlTextReader (New-Object System.IO.StringReader $event.ToXml())))
            $binary = if ($query.binary -contains $event.Id) { $xml.GetElementsByTagName('Binary') | ForEach-Object { $_.InnerText } }
            @{
                id = $event.Id; time = ConvertTo-Plain $event.TimeCreated; record = $event.RecordId
                data = ConvertTo-Plain @($xml.GetElementsByTagName('Data') | ForEach-Object { $_.InnerText })
                binary = ConvertTo-Plain $binary
            }
        }
    }

    foreach ($query in $question.queries) {
        $answer = @{ rows = $null; error = $null }
        try {
            $rows = @(& "Read-$($query.kind)" $query | Select-Object -First ($question.rows + 1))
            if ($rows.Count -gt $question.rows) {
                $rows = $rows[0..($question.rows - 1)]
                $answer.error = "only the first $($question.rows) rows were read"
            }
            $answer.rows = $rows
        }
        catch { $answer.error = $_.Exception.Message }
        $null = $answers.Add($answer)
    }
}

function Read-Row {
    # In a runspace of its own: what does not come back within its time is stopped, and the other answers count. A call
    # that cannot be stopped still keeps the process from ending until it returns.
    param([string]$queries)

    $question = ConvertFrom-Json -InputObject $queries
    $answers = [System.Collections.ArrayList]::Synchronized((New-Object System.Collections.ArrayList))
    $worker = [powershell]::Create().AddScript($reader.ToString()).AddArgument($question).AddArgument($answers)
    if (-not $worker.BeginInvoke().AsyncWaitHandle.WaitOne($question.milliseconds)) { $null = $worker.BeginStop($null, $null) }
    ConvertTo-Json -InputObject @($answers.ToArray()) -Depth 20 -Compress
}

Export-ModuleMember -Function Read-Row
