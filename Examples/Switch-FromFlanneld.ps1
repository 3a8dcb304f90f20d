<#
.SYNOPSIS
Puts FlannelPS in flanneld's place on a running host: same subnet, same device, no packet lost.
.DESCRIPTION
The settings are those flanneld was started with: its flags become FLANNELD_ variables in -ConfigPath, or parameters of Start-FlannelNode (about_FlannelPS_Migration
has them flag by flag). flanneld is stopped, which leaves its device and routes in place, and the node takes over subnet and lease. To go back, stop the node and start flanneld.
.EXAMPLE
./Switch-FromFlanneld.ps1 -ProcessId (Get-Process flanneld).Id
#>
#Requires -Version 7.4
#Requires -Modules FlannelPS
[CmdletBinding(SupportsShouldProcess)]
param(
    # The flanneld that runs.
    [Parameter(Mandatory)]
    [int] $ProcessId,
    # Where its settings are kept for the next start.
    [string] $ConfigPath = '/etc/flannelps/flannel.env'
)
$ErrorActionPreference = 'Stop'

# 1. What flanneld was told, by flags (-etcd-endpoints=...) and by variables; the last of two equal ones counts.
$settings = [ordered]@{}
$repeatable = @{ iface = 'Interface'; 'iface-regex' = 'InterfaceRegex' }    # these may come several times, all of them count
$parameters = @{}
foreach ($item in (Get-Content "/proc/$ProcessId/environ" -Raw) -split "`0" -match '^FLANNELD_') { $settings[($item -split '=', 2)[0]] = ($item -split '=', 2)[1] }
$flags = (Get-Content "/proc/$ProcessId/cmdline" -Raw).TrimEnd("`0") -split "`0"
for ($i = 1; $i -lt $flags.Count; $i++) {
    if ($flags[$i] -notmatch '^--?([\w-]+)(=(.*))?$') { continue }
    $flag = $Matches[1]
    $value = if ($Matches[2]) { $Matches[3] } elseif ($flag -in 'ip-masq', 'ip-blackhole-route', 'iptables-forward-rules', 'ip-masq-fully-random-disable') { 'true' } else { $flags[++$i] }
    if ($repeatable.ContainsKey($flag)) { $parameters[$repeatable[$flag]] = @($parameters[$repeatable[$flag]]) + $value | Where-Object { $_ }; continue }
    $settings['FLANNELD_' + $flag.ToUpperInvariant().Replace('-', '_')] = $value
}
if ($settings['FLANNELD_KUBE_SUBNET_MGR'] -eq 'true') { throw 'This flanneld keeps its leases in Kubernetes (-kube-subnet-mgr); FlannelPS keeps them in etcd.' }

if (-not $PSCmdlet.ShouldProcess("flanneld, process $ProcessId", 'Take over')) { return }
$null = New-Item -ItemType Directory -Force (Split-Path $ConfigPath)
$file = [IO.FileStream]::new($ConfigPath, [IO.FileStreamOptions]@{ Mode = 'Create'; Access = 'Write'; UnixCreateMode = 'UserRead, UserWrite' })    # it may hold a password
$writer = [IO.StreamWriter]::new($file)
foreach ($item in $settings.GetEnumerator()) { $writer.Write("$($item.Key)=`"$($item.Value -replace '(["\\$`])', '\$1')`"`n") }
$writer.Dispose()

# 2. One out, the other in. Traffic goes on: the kernel carries it, neither of the two.
kill $ProcessId
for ($i = 0; $i -lt 100 -and (Get-Process -Id $ProcessId -ErrorAction Ignore); $i++) { Start-Sleep -Milliseconds 50 }
Start-FlannelNode -ConfigPath $ConfigPath @parameters
