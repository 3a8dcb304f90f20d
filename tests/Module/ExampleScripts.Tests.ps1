# Each script of Examples/ is run as its users run it, against a real etcd and real kernels.
BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    # The scripts say '#Requires -Modules FlannelPS': found as an installed module is.
    $env:PSModulePath = "$(Split-Path $env:FLANNELPS_MODULE):$env:PSModulePath"
    Remove-Module FlannelPS -ErrorAction Ignore
    Import-Module FlannelPS
    $examples = Join-Path $env:FLANNELPS_MODULE Examples
    $etcd = Start-LabEtcd
}

AfterAll {
    Get-FlannelNode | Stop-FlannelNode
    $etcd | Stop-LabEtcd
}

Describe 'Examples' {
    AfterEach {
        Get-FlannelNode | Where-Object State -NE Stopped | Stop-FlannelNode
        Get-FlannelNode | Reset-FlannelNode -Force
        $null = Invoke-Etcdctl $etcd del --prefix /
    }

    It 'F92: New-DockerHost.ps1 takes a host from nothing to Docker''s options, and changes nothing when it is run again' {
        $node = & $examples/New-DockerHost.ps1 -Endpoint $etcd.Endpoint
        $node.State | Should -Be 'Ready'
        $options = Get-Content /run/docker_opts.env -Raw
        $options | Should -Match "DOCKER_OPTS="" --bip=10\.42\.\d+\.1/24 --ip-masq=false --mtu=1450"""
        $again = & $examples/New-DockerHost.ps1 -Endpoint $etcd.Endpoint
        $again.Id | Should -Be $node.Id
        Get-Content /run/docker_opts.env -Raw | Should -Be $options
        Remove-Item /run/docker_opts.env
    }

    It 'F93: New-DockerHost.ps1 -WhatIf changes nothing' {
        & $examples/New-DockerHost.ps1 -Endpoint $etcd.Endpoint -WhatIf
        Get-FlannelNode | Should -BeNullOrEmpty
        Invoke-Etcdctl $etcd get --prefix / --keys-only | Should -BeNullOrEmpty
        Test-Path /run/docker_opts.env | Should -BeFalse
    }

    It 'New-ThreeHostNetwork.ps1 joins three hosts, which reach each other' {
        # PowerShell's SSH remoting starts 'ssh'. This one goes into a host of the lab, with folders of its own as a host has them.
        $bin = Join-Path $TestDrive bin
        $null = New-Item -ItemType Directory $bin
        Set-Content $bin/ssh @"
#!/bin/bash
for word; do case `$word in h[2-9]) host=`$word;; esac; done
exec ip netns exec `$host unshare -m bash -c '
  for folder in /run/flannel /run/flannelps /var/lib/flannelps /var/log/flannelps; do mount -t tmpfs tmpfs `$folder; done
  exec pwsh -NoProfile -sshs'
"@
        chmod +x $bin/ssh
        $path = $env:PATH
        $env:PATH = "$bin`:$path"
        $hosts = 2..4 | ForEach-Object { New-LabHost $_ }
        try {
            $sessions = New-PSSession -HostName h2, h3, h4
            $nodes = & $examples/New-ThreeHostNetwork.ps1 -Endpoint $etcd.Remote -Session $sessions
            $nodes.State | Should -Be 'Ready', 'Ready', 'Ready'
            $nodes.PSComputerName | Sort-Object | Should -Be 'h2', 'h3', 'h4'
            # Between all pairs, from the tunnel's own addresses.
            foreach ($from in $nodes) {
                foreach ($to in $nodes | Where-Object Subnet -NE $from.Subnet) {
                    $address = $to.Subnet -replace '/.*'
                    Wait-Until { $null = ip netns exec $from.PSComputerName ping -c 1 -W 1 $address; $LASTEXITCODE -eq 0 }
                }
            }
        }
        finally {
            $env:PATH = $path
            $sessions | Remove-PSSession
            2..4 | ForEach-Object { Remove-LabHost $_ }
        }
    }

    It 'New-SecondNetwork.ps1 puts a second network beside the first' {
        New-FlannelNetworkConfig -Network 10.42.0.0/16 | Set-FlannelNetworkConfig -Endpoint $etcd.Endpoint
        $first = Start-FlannelNode -Endpoint $etcd.Endpoint
        $second = & $examples/New-SecondNetwork.ps1 -Endpoint $etcd.Endpoint
        $second.Name | Should -Be 'storage'
        "$($second.Subnet)" | Should -Match '^10\.43\.'
        (Get-FlannelNode).State | Should -Be 'Ready', 'Ready'
        (Get-FlannelNode flannel).Id | Should -Be $first.Id
        (ip -o link show type vxlan) -join "`n" | Should -Match 'flannel\.1:[\s\S]*flannel\.2:'
    }

    It 'Connect-SecureStore.ps1 runs a node with TLS and a user, and shows the password nowhere' {
        $folder = Join-Path $TestDrive tls
        $null = New-Item -ItemType Directory $folder
        Push-Location $folder
        Invoke-Checked openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca-key.pem -out ca.pem -days 2 -subj /CN=lab-ca
        Invoke-Checked openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server-key.pem -out server.csr -subj /CN=etcd
        Set-Content ext 'subjectAltName=IP:127.0.0.1'
        Invoke-Checked openssl x509 -req -in server.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out server.pem -days 2 -extfile ext
        Pop-Location
        $secure = Start-LabEtcd -Port 2479 -Scheme https -Option "--cert-file=$folder/server.pem", "--key-file=$folder/server-key.pem"
        try {
            $env:ETCDCTL_CACERT = "$folder/ca.pem"
            $null = Invoke-Etcdctl $secure role add flannel
            $null = Invoke-Etcdctl $secure role grant-permission flannel --prefix=true readwrite /coreos.com/network/
            foreach ($user in 'root', 'flannel') { $null = Invoke-Etcdctl $secure user add "$user`:canary-9c1e" }
            $null = Invoke-Etcdctl $secure user grant-role root root
            $null = Invoke-Etcdctl $secure user grant-role flannel flannel
            $null = Invoke-Etcdctl $secure auth enable
            $credential = [pscredential]::new('flannel', (ConvertTo-SecureString 'canary-9c1e' -AsPlainText -Force))
            $node = & $examples/Connect-SecureStore.ps1 -Endpoint $secure.Endpoint -CACertificatePath $folder/ca.pem -Credential $credential
            $node.State | Should -Be 'Ready'
            Get-FlannelStore | Should -BeNullOrEmpty
            Get-Content /var/log/flannelps/flannel.log -Raw | Should -Not -Match 'canary-9c1e'
            Stop-FlannelNode flannel -Cleanup
        }
        finally {
            $env:ETCDCTL_CACERT = $null
            $secure | Stop-LabEtcd
        }
    }

    It 'D5: Switch-FromFlanneld.ps1 takes a running host over from flanneld without losing a packet' {
        if (-not $env:FLANNELD) { Set-ItResult -Skipped -Because 'FLANNELD is not set: it names the original flanneld to take over from'; return }
        New-FlannelNetworkConfig -Network 10.42.0.0/16 | Set-FlannelNetworkConfig -Endpoint $etcd.Endpoint
        $peer = New-LabHost 2
        $process = Start-LabPeer $peer $etcd.Remote
        $original = Start-Process $env:FLANNELD "-etcd-endpoints=$($etcd.Endpoint)", '-iface', 'eth0' -PassThru -RedirectStandardError /dev/null
        try {
            Wait-Until { Test-Path /run/flannel/subnet.env }
            $subnet = (Import-FlannelSubnetEnv /run/flannel/subnet.env).Subnet
            $address = (Get-Content /run/flannel/h2.env | Select-String 'FLANNEL_SUBNET=(\d+\.\d+\.\d+)').Matches[0].Groups[1].Value + '.0'
            Wait-Until { $null = ping -c 1 -W 1 $address; $LASTEXITCODE -eq 0 }
            $pings = Start-Process ping '-i', '0.01', '-c', '300', '-q', $address -PassThru -RedirectStandardOutput $TestDrive/pings
            $node = & $examples/Switch-FromFlanneld.ps1 -ProcessId $original.Id
            $node.State | Should -Be 'Ready'
            "$($node.Subnet)" | Should -Be "$subnet"
            $pings.WaitForExit(10000) | Should -BeTrue
            Get-Content $TestDrive/pings -Raw | Should -Match '300 received, 0% packet loss'
            (Get-Item /etc/flannelps/flannel.env).UnixMode | Should -Be '-rw-------'
        }
        finally {
            if (-not $original.HasExited) { $original.Kill() }
            $process.Kill()
            Remove-LabHost 2
        }
    }
}
