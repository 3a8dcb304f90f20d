@{
    RootModule           = 'FlannelPS.dll'
    ModuleVersion        = '0.1.0'
    GUID                 = 'b0ccf60d-095f-4cff-9640-b7eca21f212c'
    Author               = 'The FlannelPS authors'
    CompanyName          = 'FlannelPS'
    Copyright            = 'The FlannelPS authors. Apache-2.0.'
    Description          = 'A layer 3 network between hosts, from subnet leases in etcd: flannel, in C# and PowerShell. Keeps the same keys, devices, files and flags, so a host can change from flanneld and back without losing a packet.'
    PowerShellVersion    = '7.4'
    CompatiblePSEditions = @('Core')
    FormatsToProcess     = @('FlannelPS.format.ps1xml')
    CmdletsToExport      = @(
        'Connect-FlannelStore', 'Disconnect-FlannelStore', 'Get-FlannelStore',
        'Test-FlannelStore',
        'Get-FlannelNetworkConfig', 'New-FlannelNetworkConfig', 'Set-FlannelNetworkConfig',
        'Test-FlannelNetworkConfig', 'Remove-FlannelNetworkConfig', 'Import-FlannelNetworkConfig',
        'Export-FlannelNetworkConfig', 'New-FlannelBackend',
        'Start-FlannelNode', 'Stop-FlannelNode', 'Restart-FlannelNode',
        'Get-FlannelNode', 'Wait-FlannelNode', 'Test-FlannelNode',
        'Repair-FlannelNode', 'Reset-FlannelNode', 'Get-FlannelPeer',
        'Get-FlannelEvent', 'Get-FlannelLog',
        'Get-FlannelLease', 'Watch-FlannelLease', 'Wait-FlannelLease',
        'Remove-FlannelLease', 'Add-FlannelReservation', 'Get-FlannelReservation',
        'Remove-FlannelReservation',
        'Export-FlannelSubnetEnv', 'Import-FlannelSubnetEnv', 'Get-FlannelDockerOption',
        'Export-FlannelDockerOption', 'New-FlannelCniConfig', 'Export-FlannelCniConfig',
        'Register-FlannelService', 'Unregister-FlannelService', 'Get-FlannelService',
        'Export-FlannelServiceUnit',
        'Find-FlannelInterface', 'Get-FlannelRoute', 'Get-FlannelHealth',
        'Get-FlannelMetric',
        'Get-FlannelCheck', 'Invoke-FlannelCheck', 'Test-FlannelHost',
        'Test-FlannelConnectivity',
        'Export-FlannelReport', 'Watch-FlannelNetwork',
        'Export-FlannelDiagnostic'
    )
    FunctionsToExport    = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
    PrivateData          = @{
        PSData = @{
            Tags         = @('PSEdition_Core', 'Linux', 'Flannel', 'etcd', 'VXLAN', 'CNI', 'Overlay', 'Networking', 'Container', 'Docker', 'Kubernetes', 'DevOps')
            LicenseUri   = 'https://www.apache.org/licenses/LICENSE-2.0'
            ReleaseNotes = 'See CHANGELOG.md in the module folder.'
        }
    }
}
