<#
.SYNOPSIS
A second network on a host that has one: with its own prefix in etcd, its own device, and its own subnet file.
.EXAMPLE
./New-SecondNetwork.ps1 -Endpoint http://192.0.2.10:2379
#>
#Requires -Version 7.4
#Requires -Modules FlannelPS
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)]
    [uri[]] $Endpoint,
    [string] $Name = 'storage',
    [string] $Network = '10.43.0.0/16',
    # Tells the two networks' packets apart; every network on a host needs its own.
    [ValidateRange(1, 16777215)]
    [int] $VNI = 2
)
$ErrorActionPreference = 'Stop'
$prefix = "/networks/$Name"

New-FlannelNetworkConfig -Network $Network -Backend (New-FlannelBackend -Type vxlan -VNI $VNI) | Set-FlannelNetworkConfig -Endpoint $Endpoint -Prefix $prefix
Start-FlannelNode -Name $Name -Endpoint $Endpoint -Prefix $prefix -SubnetFile "/run/flannel/$Name.env"
