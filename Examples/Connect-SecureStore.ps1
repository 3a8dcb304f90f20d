<#
.SYNOPSIS
A network in an etcd that wants TLS and a user: the user may write below the network's prefix and nowhere else.
.DESCRIPTION
On etcd's side, once:
    etcdctl role add flannel
    etcdctl role grant-permission flannel --prefix=true readwrite /coreos.com/network/
    etcdctl user add flannel
    etcdctl user grant-role flannel flannel
.EXAMPLE
./Connect-SecureStore.ps1 -Endpoint https://192.0.2.10:2379 -CACertificatePath /etc/ssl/etcd-ca.pem -Credential (Get-Credential flannel)
#>
#Requires -Version 7.4
#Requires -Modules FlannelPS
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)]
    [uri[]] $Endpoint,
    [Parameter(Mandatory)]
    [pscredential] $Credential,
    # The authority that signed etcd's certificate.
    [Parameter(Mandatory)]
    [string] $CACertificatePath,
    # A client certificate and its key, where etcd asks for one.
    [string] $CertificatePath,
    [string] $KeyPath,
    [string] $Network = '10.42.0.0/16'
)
$ErrorActionPreference = 'Stop'
$tls = @{ CACertificatePath = $CACertificatePath }
if ($CertificatePath) { $tls += @{ CertificatePath = $CertificatePath; KeyPath = $KeyPath } }

# From here on every cmdlet of this session uses this store.
$null = Connect-FlannelStore secure -Endpoint $Endpoint -Credential $Credential @tls
try {
    New-FlannelNetworkConfig -Network $Network | Set-FlannelNetworkConfig
    # The password reaches the daemon by its environment, which only root can read; no process list shows it.
    Start-FlannelNode
}
finally { Disconnect-FlannelStore secure }
