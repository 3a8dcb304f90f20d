# The bed that the examples of the help run in: an empty folder, etcd at the default endpoint with a configuration, one other host's lease and one reservation,
# a node that runs, and a second etcd behind TLS with authentication on.
Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
Import-Module $PSScriptRoot/Lab.psm1
$script:network = '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'

# The PowerShell blocks of the section EXAMPLES of a help page, in order.
function Get-ExampleBlock([Parameter(Mandatory)] [string] $Path) {
    $examples = [regex]::Match((Get-Content -Raw $Path), '(?ms)^## EXAMPLES\s*$(.*?)^## ').Groups[1].Value
    [regex]::Matches($examples, '(?ms)^```powershell\s*?\n(.*?)^```\s*$') | ForEach-Object { $_.Groups[1].Value }
}

# What all files share. The folder takes the certificates.
function Initialize-ExampleBed([Parameter(Mandatory)] [string] $Folder) {
    $etcd = Start-LabEtcd
    $pki = New-LabCertificate $Folder
    $secure = Start-LabEtcd -Port 2390 -Scheme https -Option "--cert-file=$pki/server.pem", "--key-file=$pki/server-key.pem"
    $credential = Enable-LabAuthentication $secure "$pki/ca.pem"
    $null = Invoke-Etcdctl $secure "--cacert=$pki/ca.pem" "--user=$($credential.UserName):$($credential.GetNetworkCredential().Password)" put /coreos.com/network/config $script:network
    [pscustomobject]@{ Etcd = $etcd; Secure = $secure; Pki = $pki; Credential = $credential }
}

# As it was before anything ran.
function Reset-ExampleBed([Parameter(Mandatory)] $Bed) {
    Get-Process flannelpsd -ErrorAction Ignore | ForEach-Object { $_.Kill(); $_.WaitForExit() }
    (ip -o link show) -match ': flannel[^:@]*' | ForEach-Object { ip link del ($_ -split '[:@] ?')[1].Trim() }
    foreach ($folder in '/run/flannel', '/run/flannelps', '/var/lib/flannelps', '/var/log/flannelps', '/etc/flannelps', '/etc/cni/net.d') { Remove-Item -Recurse -Force $folder/* }
    $null = Invoke-Etcdctl $Bed.Etcd del --prefix '/'
    Set-LabKey $Bed.Etcd /coreos.com/network/config $script:network
    Set-LabLease $Bed.Etcd 10.42.1.0/24 198.18.0.21
    Set-LabLease $Bed.Etcd 10.42.200.0/24 198.18.0.99 -TimeToLive 0
}

# A session as a user opens it, in a folder of its own; first a command that makes the node.
function New-ExampleSession([Parameter(Mandatory)] $Bed, [Parameter(Mandatory)] [string] $Folder, [string] $Node = '$null = Start-FlannelNode') {
    $null = New-Item -ItemType Directory $Folder
    Copy-Item "$($Bed.Pki)/ca.pem", "$($Bed.Pki)/client.pem", "$($Bed.Pki)/client-key.pem" $Folder
    $shell = [powershell]::Create()
    $shell.Runspace.SessionStateProxy.SetVariable('credential', $Bed.Credential)
    # Where an example asks whether to go on, its reader says yes.
    $shell.Runspace.SessionStateProxy.SetVariable('ConfirmPreference', 'None')
    $null = $shell.AddScript("Set-Location '$Folder'; Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'; $Node").Invoke()
    if ($shell.Streams.Error.Count) { throw "The bed's node did not start: $($shell.Streams.Error)" }
    $shell
}

# Runs a block as it would be pasted at the prompt: what it writes is formatted too.
function Invoke-ExampleBlock([Parameter(Mandatory)] [powershell] $Shell, [Parameter(Mandatory)] [string] $Code) {
    $Shell.Commands.Clear()
    $Shell.Streams.ClearStreams()
    $running = $Shell.AddScript($Code, $false).AddCommand('Out-String').BeginInvoke()
    if (-not $running.AsyncWaitHandle.WaitOne(30000)) {
        $Shell.Stop()
        throw 'It did not end within 30 s.'
    }
    $output = $Shell.EndInvoke($running)
    if ($Shell.Streams.Error.Count) { throw ($Shell.Streams.Error | ForEach-Object { "$($_.FullyQualifiedErrorId): $_" } | Out-String) }
    "$output"
}

Export-ModuleMember -Function *-Example*
