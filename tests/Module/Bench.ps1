#!/usr/bin/env pwsh
<#
.SYNOPSIS
Measures what the module promises of its speed: the import, the first call of a session, Get-FlannelLease on a full network, and what a node of many peers is asked, Export-FlannelReport too.
.DESCRIPTION
Against a real etcd in a namespace of its own. Each lease has an etcd lease of its own, as each node's has. Sessions are fresh processes; with two modules they
take turns (A B A B), so that what else the machine does falls on both alike. One row a module: median (best) in milliseconds.
.EXAMPLE
tests/Module/Bench.ps1
.EXAMPLE
tests/Module/Bench.ps1 -Module out/FlannelPS, /tmp/other/FlannelPS -Round 9
#>
[CmdletBinding()]
param(
    # Packed modules to compare.
    [string[]] $Module = (Join-Path $PSScriptRoot '../../out/FlannelPS'),
    # How many leases the network has.
    [int] $Lease = 4000,
    # How many peers the node has that Get-FlannelPeer, Get-FlannelMetric and the report ask.
    [int] $Peer = 1000,
    # Fresh sessions a module.
    [int] $Round = 5
)
$ErrorActionPreference = 'Stop'
$Module = $Module | ForEach-Object { (Resolve-Path $_).Path }
if (-not $env:FLANNELPS_LAB) {
    $env:FLANNELPS_LAB = '1'
    & unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private -- ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command (
        "& '$PSCommandPath' -Module $(($Module | ForEach-Object { "'$_'" }) -join ',') -Lease $Lease -Peer $Peer -Round $Round")
    exit $LASTEXITCODE
}
# What a node leaves behind is this run's own.
'/run', '/var/lib', '/var/log' | ForEach-Object { mount -t tmpfs -o mode=0755 tmpfs $_ }
$null = New-Item -ItemType Directory -Force /run/netns
$env:FLANNELPS_MODULE = $Module[0]
Import-Module $PSScriptRoot/Lab.psm1 -Force
$etcd = Start-LabEtcd

# Through etcd's own JSON gateway, many at once: its client would need a process a key.
$http = [Net.Http.HttpClient]::new()
function Send-Gateway([string] $Path, [object[]] $Body) {
    for ($i = 0; $i -lt $Body.Count; $i += 64) {
        $calls = $Body[$i..([Math]::Min($i + 63, $Body.Count - 1))].ForEach({ $http.PostAsync("$($etcd.Endpoint)/v3/$Path", [Net.Http.StringContent]::new(($_ | ConvertTo-Json -Depth 9 -Compress))) })
        $calls.ForEach({ $_.GetAwaiter().GetResult().EnsureSuccessStatusCode().Content.ReadAsStringAsync().GetAwaiter().GetResult() | ConvertFrom-Json })
    }
}
function Get-Base64([string] $Text) { [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($Text)) }
$granted = Send-Gateway lease/grant @(1..$Lease | ForEach-Object { @{ TTL = 86400; ID = $_ } })
function New-LeasePut([string] $Prefix, [int] $Number) {
    $a, $b = [Math]::Floor($Number / 256), ($Number % 256)
    @{
        key   = Get-Base64 "$Prefix/subnets/10.$(64 + $a).$b.0-24"
        # None has this host's own address: the node would take that lease for its own.
        value = Get-Base64 ('{{"PublicIP":"198.18.{2}.{1}","PublicIPv6":null,"BackendType":"vxlan","BackendData":{{"VNI":1,"VtepMAC":"02:00:00:00:{0:x2}:{1:x2}"}}}}' -f [int]$a, [int]$b, [int]($a + 1))
        lease = "$($granted[($Number - 1) % $Lease].ID)"
    }
}
$null = Send-Gateway kv/put @(1..$Lease | ForEach-Object { New-LeasePut /coreos.com/network $_ })

# Another network, with a node in it.
Set-LabKey $etcd /peers/config '{"Network":"10.0.0.0/8","SubnetLen":24,"Backend":{"Type":"vxlan"}}'
$null = Send-Gateway kv/put @(1..$Peer | ForEach-Object { New-LeasePut /peers $_ })
Import-Module "$($Module[0])/FlannelPS.psd1"
$null = Start-FlannelNode -Prefix /peers
Wait-Until { @(Get-FlannelPeer).Count -eq $Peer } 30
# Each is asked once at least; nobody answers.
Start-Sleep -Seconds 10

# One session: the import, the first call, then warm ones. First object and whole list are measured apart, because Select-Object ends the list.
$session = {
    param($Manifest, $Warm)
    $clock = [Diagnostics.Stopwatch]::StartNew()
    Import-Module $Manifest
    $import = $clock.Elapsed.TotalMilliseconds
    $clock.Restart(); $null = Get-FlannelLease -Subnet 10.64.1.0/24; $call = $clock.Elapsed.TotalMilliseconds
    $clock.Restart(); $all = Get-FlannelLease; $cold = $clock.Elapsed.TotalMilliseconds
    $null = 1..3 | ForEach-Object { Get-FlannelLease | Select-Object -First 1 }
    $warmAll = foreach ($i in 1..$Warm) { [GC]::Collect(); $clock.Restart(); $all = Get-FlannelLease; $clock.Elapsed.TotalMilliseconds }
    $warmFirst = foreach ($i in 1..$Warm) { [GC]::Collect(); $clock.Restart(); $one = Get-FlannelLease | Select-Object -First 1; $clock.Elapsed.TotalMilliseconds }
    $own = foreach ($i in 1..$Warm) { [GC]::Collect(); $before = [Diagnostics.Process]::GetCurrentProcess().TotalProcessorTime; $all = Get-FlannelLease; ([Diagnostics.Process]::GetCurrentProcess().TotalProcessorTime - $before).TotalMilliseconds }
    $missing = @($all | Where-Object { -not $_.Expiration }).Count
    if ($all.Count -eq 0 -or $missing -gt 0 -or -not $one) { throw "$($all.Count) leases, $missing without expiration" }
    Connect-FlannelStore | Out-Null
    $connectedFirst = foreach ($i in 1..$Warm) { [GC]::Collect(); $clock.Restart(); $one = Get-FlannelLease | Select-Object -First 1; $clock.Elapsed.TotalMilliseconds }
    $peers = foreach ($i in 1..$Warm) { [GC]::Collect(); $clock.Restart(); $found = Get-FlannelPeer; $clock.Elapsed.TotalMilliseconds }
    $metrics = foreach ($i in 1..$Warm) { [GC]::Collect(); $clock.Restart(); $text = Get-FlannelMetric -AsPrometheus; $clock.Elapsed.TotalMilliseconds }
    if (@($found).Count -lt 2 -or $text -notmatch '# EOF') { throw "$(@($found).Count) peers" }
    function median($values) { ($values | Sort-Object)[[Math]::Floor($values.Count / 2)] }
    [ordered]@{ Import = $import; FirstCall = $call; FirstList = $cold; List = median $warmAll; ListBest = ($warmAll | Measure-Object -Minimum).Minimum; FirstObject = median $warmFirst; FirstObjectConnected = median $connectedFirst; ListCpu = median $own; Peer = median $peers; Metric = median $metrics } | ConvertTo-Json -Compress
}
$rows = foreach ($i in 1..$Round) {
    foreach ($path in $Module) {
        $text = & ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command "& { $session } '$path/FlannelPS.psd1' 9"
        if ($LASTEXITCODE -ne 0) { throw "The session ended with $LASTEXITCODE`: $text" }
        $text | Select-Object -Last 1 | ConvertFrom-Json | Add-Member Module $path -PassThru
    }
}

# The report, in fresh sessions and then warm; all peers are probed meanwhile, and none answers.
$draw = {
    param($Manifest, $Page)
    Import-Module $Manifest
    function cpu { [Diagnostics.Process]::GetCurrentProcess().TotalProcessorTime.TotalMilliseconds }
    $before = cpu
    $first = (Measure-Command { Export-FlannelReport $Page }).TotalMilliseconds
    $firstCpu = (cpu) - $before
    $warm = foreach ($i in 1..5) { (Measure-Command { Export-FlannelReport $Page }).TotalMilliseconds }
    [ordered]@{ FirstReport = $first; FirstReportCpu = $firstCpu; Report = ($warm | Sort-Object)[2] } | ConvertTo-Json -Compress
}
$reports = foreach ($i in 1..$Round) {
    foreach ($path in $Module) {
        $text = & ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command "& { $draw } '$path/FlannelPS.psd1' '$($etcd.Folder)/report.html'"
        if ($LASTEXITCODE -ne 0) { throw "The session ended with $LASTEXITCODE`: $text" }
        $text | Select-Object -Last 1 | ConvertFrom-Json | Add-Member Module $path -PassThru | Add-Member ReportKiB ((Get-Item "$($etcd.Folder)/report.html").Length / 1KB) -PassThru
    }
}
Stop-FlannelNode flannel
$etcd | Stop-LabEtcd
foreach ($path in $Module) {
    $mine = @($rows | Where-Object Module -EQ $path)
    $row = [ordered]@{ Module = $path; Lease = $Lease; Peers = $Peer }
    foreach ($name in 'Import', 'FirstCall', 'FirstList', 'List', 'ListCpu', 'FirstObject', 'FirstObjectConnected', 'Peer', 'Metric') {
        $values = @($mine.$name | Sort-Object)
        $row[$name] = '{0:n1} ({1:n1})' -f $values[[Math]::Floor($values.Count / 2)], $values[0]
    }
    $mine = @($reports | Where-Object Module -EQ $path)
    foreach ($name in 'FirstReport', 'FirstReportCpu', 'Report', 'ReportKiB') {
        $values = @($mine.$name | Sort-Object)
        $row[$name] = '{0:n1} ({1:n1})' -f $values[[Math]::Floor($values.Count / 2)], $values[0]
    }
    [pscustomobject]$row
}
