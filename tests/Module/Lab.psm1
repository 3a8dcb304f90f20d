# The lab of the module's tests. The run's own namespace is host 1 with the module, eth0 at 198.18.0.11 and a default route; further hosts are
# namespaces on the same bridge. A test imports it with: Import-Module $PSScriptRoot/Lab.psm1
Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
$script:daemon = Join-Path $env:FLANNELPS_MODULE 'runtimes/linux-x64/native/flannelpsd'

function Invoke-Checked {
    $name, $rest = $args
    $output = & $name @rest 2>&1
    if ($LASTEXITCODE -ne 0) { throw "$args ended with $LASTEXITCODE`: $output" }
    $output
}

# A kernel setting by its dotted name, here or in another host's namespace.
function Set-LabSetting([Parameter(Mandatory)] [string] $Name, [Parameter(Mandatory)] [string] $Value, [string] $Namespace) {
    $path = "/proc/sys/$($Name -replace '\.', '/')"
    if ($Namespace) { Invoke-Checked ip netns exec $Namespace sh -c "echo $Value > $path" }
    else { [IO.File]::WriteAllText($path, $Value) }
}

# Makes the underlay once a run.
function Initialize-Lab {
    if (Test-Path /run/netns/lan) { return }
    Invoke-Checked ip link set lo up
    Invoke-Checked ip netns add lan
    Invoke-Checked ip -n lan link add br0 type bridge
    Invoke-Checked ip -n lan addr add 198.18.0.1/24 dev br0
    Invoke-Checked ip -n lan link set br0 up
    Invoke-Checked ip link add eth0 type veth peer name h1 netns lan
    Invoke-Checked ip addr add 198.18.0.11/24 dev eth0
    Invoke-Checked ip link set eth0 up
    Invoke-Checked ip -n lan link set h1 master br0 up
    Invoke-Checked ip route add default via 198.18.0.1
    Set-LabSetting net.ipv4.ip_forward 1
}

# Adds a host: a namespace 'hN' with eth0 at 198.18.0.1N.
function New-LabHost([Parameter(Mandatory)] [ValidateRange(2, 9)] [int] $Number) {
    Initialize-Lab
    $name = "h$Number"
    Invoke-Checked ip netns add $name
    Invoke-Checked ip -n $name link set lo up
    Invoke-Checked ip link add eth0 netns $name type veth peer name $name netns lan
    Invoke-Checked ip -n $name addr add "198.18.0.1$Number/24" dev eth0
    Invoke-Checked ip -n $name link set eth0 up
    Invoke-Checked ip -n lan link set $name master br0 up
    Invoke-Checked ip -n $name route add default via 198.18.0.1
    Set-LabSetting net.ipv4.ip_forward 1 $name
    [pscustomobject]@{ Name = $name; Address = "198.18.0.1$Number" }
}

function Remove-LabHost([Parameter(Mandatory)] [int] $Number) {
    ip netns pids "h$Number" | ForEach-Object { kill -9 $_ }
    ip -n lan link del "h$Number"
    ip netns del "h$Number"
}

# Starts a real etcd. Options go to etcd as they are. A member that others have to join answers only then: -NoWait.
function Start-LabEtcd([int] $Port = 2379, [string] $Scheme = 'http', [string[]] $Option = @(), [switch] $NoWait) {
    Initialize-Lab
    $folder = Join-Path ([IO.Path]::GetTempPath()) "flannelps-etcd-$([guid]::NewGuid().ToString('n'))"
    $null = New-Item -ItemType Directory $folder
    $peer = $Port + 10000
    $arguments = @(
        '--name', "e$Port", '--data-dir', "$folder/data", '--logger', 'zap', '--log-level', 'error', '--log-outputs', "$folder/log", '--unsafe-no-fsync'
        '--listen-client-urls', "$Scheme`://0.0.0.0:$Port", '--advertise-client-urls', "$Scheme`://127.0.0.1:$Port"
        '--listen-peer-urls', "http://127.0.0.1:$peer", '--initial-advertise-peer-urls', "http://127.0.0.1:$peer", '--initial-cluster', "e$Port=http://127.0.0.1:$peer"
    ) + $Option
    if (-not (etcd --help 2>&1 | Select-String unsafe-no-fsync -Quiet)) { $arguments = $arguments | Where-Object { $_ -ne '--unsafe-no-fsync' } }
    $process = Start-Process etcd $arguments -PassThru -RedirectStandardOutput "$folder/out" -RedirectStandardError "$folder/err"
    foreach ($attempt in $NoWait ? @() : 1..200) {
        if (Test-LabPort $Port) { break }
        if ($process.HasExited) { throw "etcd ended: $(Get-Content "$folder/err", "$folder/log" -ErrorAction Ignore)" }
        Start-Sleep -Milliseconds 25
    }
    [pscustomobject]@{ Endpoint = "$Scheme`://127.0.0.1:$Port"; Remote = "$Scheme`://198.18.0.11:$Port"; Process = $process; Folder = $folder; Port = $Port }
}

function Test-LabPort([int] $Port) {
    $client = [Net.Sockets.TcpClient]::new()
    try { $client.Connect('127.0.0.1', $Port); $true } catch { $false } finally { $client.Dispose() }
}

function Stop-LabEtcd([Parameter(Mandatory, ValueFromPipeline)] $Etcd) {
    process {
        $Etcd.Process.Kill()
        $Etcd.Process.WaitForExit()
        Remove-Item -Recurse -Force $Etcd.Folder
    }
}

# etcd by its own client, which is not ours.
function Invoke-Etcdctl([Parameter(Mandatory)] $Etcd, [Parameter(ValueFromRemainingArguments)] [string[]] $Argument) {
    $env:ETCDCTL_API = '3'
    Invoke-Checked etcdctl "--endpoints=$($Etcd.Endpoint)" @Argument
}

# Puts a key, with a time to live unless that is 0.
function Set-LabKey([Parameter(Mandatory)] $Etcd, [Parameter(Mandatory)] [string] $Key, [Parameter(Mandatory)] [string] $Value, [int] $TimeToLive) {
    if ($TimeToLive -gt 0) {
        $lease = ((Invoke-Etcdctl $Etcd lease grant $TimeToLive) -split ' ')[1]
        $null = Invoke-Etcdctl $Etcd put "--lease=$lease" $Key $Value
    }
    else { $null = Invoke-Etcdctl $Etcd put $Key $Value }
}

# An authority (ca.pem) and what it signs: a server of this host and a client, as PEM files in a folder.
function New-LabCertificate([Parameter(Mandatory)] [string] $Folder) {
    $null = New-Item -ItemType Directory -Force $Folder
    $from, $to = [DateTimeOffset]::UtcNow.AddDays(-1), [DateTimeOffset]::UtcNow.AddDays(1)
    $rootKey = [Security.Cryptography.ECDsa]::Create([Security.Cryptography.ECCurve+NamedCurves]::nistP256)
    $request = [Security.Cryptography.X509Certificates.CertificateRequest]::new('CN=lab', $rootKey, 'SHA256')
    $request.CertificateExtensions.Add([Security.Cryptography.X509Certificates.X509BasicConstraintsExtension]::new($true, $false, 0, $true))
    $root = $request.CreateSelfSigned($from, $to)
    Set-Content "$Folder/ca.pem" $root.ExportCertificatePem()
    foreach ($name in 'server', 'client') {
        $key = [Security.Cryptography.ECDsa]::Create([Security.Cryptography.ECCurve+NamedCurves]::nistP256)
        $request = [Security.Cryptography.X509Certificates.CertificateRequest]::new("CN=$name", $key, 'SHA256')
        $names = [Security.Cryptography.X509Certificates.SubjectAlternativeNameBuilder]::new()
        $names.AddDnsName('localhost')
        '127.0.0.1', '198.18.0.11' | ForEach-Object { $names.AddIpAddress($_) }
        $request.CertificateExtensions.Add($names.Build())
        Set-Content "$Folder/$name.pem" $request.Create($root, $from, $to, [guid]::NewGuid().ToByteArray()).ExportCertificatePem()
        Set-Content "$Folder/$name-key.pem" $key.ExportPkcs8PrivateKeyPem()
    }
    $Folder
}

# Turns authentication on; the user of the result may do everything.
function Enable-LabAuthentication([Parameter(Mandatory)] $Etcd, [string] $CACertificatePath) {
    $trust = @($CACertificatePath ? "--cacert=$CACertificatePath" : @())
    $password = [guid]::NewGuid().ToString('n')
    $null = Invoke-Etcdctl $Etcd @trust user add "root:$password"
    $null = Invoke-Etcdctl $Etcd @trust user grant-role root root
    $null = Invoke-Etcdctl $Etcd @trust auth enable
    [pscredential]::new('root', (ConvertTo-SecureString $password -AsPlainText -Force))
}

# A lease as a host of the network would write it.
function Set-LabLease([Parameter(Mandatory)] $Etcd, [Parameter(Mandatory)] [string] $Subnet, [string] $PublicIP = '198.18.0.77', [int] $TimeToLive = 3600, [string] $Prefix = '/coreos.com/network') {
    $mac = '02:00:{0:x2}:{1:x2}:{2:x2}:{3:x2}' -f ($Subnet -replace '/.*' -split '\.' | ForEach-Object { [int]$_ })
    Set-LabKey $Etcd "$Prefix/subnets/$($Subnet -replace '/', '-')" "{`"PublicIP`":`"$PublicIP`",`"PublicIPv6`":null,`"BackendType`":`"vxlan`",`"BackendData`":{`"VNI`":1,`"VtepMAC`":`"$mac`"}}" $TimeToLive
}

# Starts a daemon on another host by hand, and waits until it is ready.
function Start-LabPeer([Parameter(Mandatory)] $LabHost, [Parameter(Mandatory)] [string] $Endpoint, [string[]] $Option = @()) {
    $process = Start-Process ip (@('netns', 'exec', $LabHost.Name, $script:daemon, "--name=$($LabHost.Name)", "--subnet-file=/run/flannel/$($LabHost.Name).env", "--etcd-endpoints=$Endpoint") + $Option) -PassThru -RedirectStandardError "/tmp/$($LabHost.Name).log" -RedirectStandardOutput /dev/null
    foreach ($attempt in 1..400) {
        if (Test-Path "/run/flannel/$($LabHost.Name).env") { return $process }
        if ($process.HasExited) { break }
        Start-Sleep -Milliseconds 25
    }
    throw "The daemon on $($LabHost.Name) did not come up: $(Get-Content "/tmp/$($LabHost.Name).log" -Raw)"
}

# Waits until a condition holds; fails with its text after some seconds.
function Wait-Until([Parameter(Mandatory)] [scriptblock] $Condition, [double] $Seconds = 10) {
    $end = [DateTime]::UtcNow.AddSeconds($Seconds)
    while (-not (& $Condition)) {
        if ([DateTime]::UtcNow -gt $end) { throw "This did not come true within $Seconds s: $Condition" }
        Start-Sleep -Milliseconds 25
    }
}

# The error of a command that must fail with this id.
function Get-FailureOf([Parameter(Mandatory)] [scriptblock] $Command, [Parameter(Mandatory)] [string] $Id) {
    try { $null = & $Command }
    catch {
        if ($_.FullyQualifiedErrorId -notlike "$Id,*") { throw "Expected error $Id and got $($_.FullyQualifiedErrorId): $_" }
        if (-not $_.ErrorDetails.RecommendedAction) { throw "Error $Id has no recommended action" }
        return $_
    }
    throw "Expected error $Id and got none"
}

Export-ModuleMember -Function *-Lab*, Invoke-Etcdctl, Invoke-Checked, Wait-Until, Get-FailureOf
