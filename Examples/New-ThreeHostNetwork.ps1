<#
.SYNOPSIS
Joins several hosts to one network, over PowerShell's SSH remoting, and waits until each routes to all others.
.DESCRIPTION
Each host needs the module and root. The computer this is run on needs to reach etcd and, by ssh, the hosts. -Session takes sessions that are open already
(New-PSSession -HostName ...), so any way of remoting will do.
.EXAMPLE
./New-ThreeHostNetwork.ps1 -Endpoint http://192.0.2.10:2379 -Session (New-PSSession -HostName root@h1, root@h2, root@h3)
#>
#Requires -Version 7.4
#Requires -Modules FlannelPS
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [uri[]] $Endpoint,
    # One open session a host.
    [Parameter(Mandatory)]
    [System.Management.Automation.Runspaces.PSSession[]] $Session,
    [string] $Network = '10.42.0.0/16'
)
$ErrorActionPreference = 'Stop'

New-FlannelNetworkConfig -Network $Network -Backend (New-FlannelBackend -Type vxlan) | Set-FlannelNetworkConfig -Endpoint $Endpoint

# All at once: hosts that start together do not get in each other's way.
$nodes = Invoke-Command -Session $Session {
    $ErrorActionPreference = 'Stop'
    Import-Module FlannelPS
    Start-FlannelNode -Endpoint $using:Endpoint | Select-Object Name, State, @{ n = 'Subnet'; e = { "$($_.Subnet)" } }, @{ n = 'PublicIP'; e = { "$($_.PublicIP)" } }
}

foreach ($node in $nodes) { $null = Wait-FlannelLease -Subnet $node.Subnet -Endpoint $Endpoint -TimeoutSeconds 30 }
$nodes | Sort-Object Subnet | Select-Object PSComputerName, Name, State, Subnet, PublicIP
