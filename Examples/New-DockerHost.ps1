<#
.SYNOPSIS
Takes a host from nothing to Docker containers on the overlay. Safe to run again.
.DESCRIPTION
Writes the network's configuration where there is none yet, keeps a node as a systemd service (on a host without systemd: detached), and tells Docker its
subnet and MTU. Run it as root on each host.
.EXAMPLE
./New-DockerHost.ps1 -Endpoint http://192.0.2.10:2379
.EXAMPLE
./New-DockerHost.ps1 -Endpoint https://192.0.2.10:2379 -CACertificatePath /etc/ssl/etcd-ca.pem -Network 10.77.0.0/16 -Interface eth1
#>
#Requires -Version 7.4
#Requires -Modules FlannelPS
[CmdletBinding(SupportsShouldProcess)]
param(
    # etcd, on one host or several.
    [Parameter(Mandatory)]
    [uri[]] $Endpoint,
    # Where the hosts' subnets are taken from; only used while the store has no configuration.
    [string] $Network = '10.42.0.0/16',
    # The interface towards the other hosts; the default route's when not given.
    [string] $Interface,
    # The authority that signed etcd's certificate, for https.
    [string] $CACertificatePath,
    # Where Docker's options go.
    [string] $DockerOptionPath = '/run/docker_opts.env'
)
$ErrorActionPreference = 'Stop'

$store = @{ Endpoint = $Endpoint }
if ($CACertificatePath) { $store.CACertificatePath = $CACertificatePath }
$node = @{ IPMasquerade = $true }
if ($Interface) { $node.Interface = $Interface }

# 1. The network: written once, by whichever host comes first.
try { $null = Get-FlannelNetworkConfig @store }
catch {
    if ($_.FullyQualifiedErrorId -notlike 'NetworkConfigNotFound,*') { throw }
    New-FlannelNetworkConfig -Network $Network -Backend (New-FlannelBackend -Type vxlan) | Set-FlannelNetworkConfig @store -NoClobber
}

# 2. The node.
if (Test-Path /run/systemd/system) {
    if (-not (Get-FlannelService flannel -ErrorAction Ignore)) { $null = Register-FlannelService -Start @store @node }
}
elseif ((Get-FlannelNode flannel -ErrorAction Ignore).State -ne 'Ready') {
    $null = Start-FlannelNode @store @node
}
if ($WhatIfPreference) { return }
$ready = Wait-FlannelNode -TimeoutSeconds 60 -ErrorAction Stop

# 3. Docker: its bridge gets the host's subnet, its containers the MTU.
Export-FlannelDockerOption -Path $DockerOptionPath -Combined
if ((Test-Path /run/systemd/system) -and (Get-Command dockerd -ErrorAction Ignore)) {
    # The drop-in reads the subnet file itself, so that it also holds after a reboot.
    $dropIn = '/etc/systemd/system/docker.service.d/50-flannelps.conf'
    $before = Get-Content $dropIn -Raw -ErrorAction Ignore
    Export-FlannelServiceUnit $dropIn -Kind Docker -IPMasquerade | Out-Null
    if ((Get-Content $dropIn -Raw) -ne $before) {
        systemctl daemon-reload
        systemctl restart docker
    }
}
$ready
