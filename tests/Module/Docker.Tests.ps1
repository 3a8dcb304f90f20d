# Docker's own daemon on two hosts takes the options that the module writes, and its containers are on the overlay.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Docker.psm1 -Force
    $script:why = Get-DockerProblem
}

BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $PSScriptRoot/Docker.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
}

AfterAll { Remove-Module FlannelPS }

Describe 'Containers of Docker on two hosts' -Skip:([bool]$why) {
    BeforeAll {
        $etcd = Start-LabEtcd
        Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}' 0
        $null = Start-FlannelNode -IPMasquerade
        $peer = Start-LabPeer (New-LabHost 2) $etcd.Remote '--ip-masq'
        Export-FlannelDockerOption $TestDrive/one.env -Combined
        Invoke-Checked ip netns exec h2 ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command "Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'; Export-FlannelDockerOption '$TestDrive/two.env' -SubnetFile /run/flannel/h2.env -Combined -ErrorAction Stop"
        # Where Docker switches forwarding on itself it sets the policy to DROP.
        Set-LabSetting net.ipv4.ip_forward 0
        Set-LabSetting net.ipv4.ip_forward 0 h2
        $dockers = @(
            Start-LabDocker /proc/self/ns/net $TestDrive/one.env
            Start-LabDocker /run/netns/h2 $TestDrive/two.env
        )
        $address = foreach ($docker in $dockers) {
            New-LabImage $docker lab sleep, ping, iperf3
            $null = Invoke-LabDocker $docker run -d --name work lab /usr/bin/sleep 1000
            Invoke-LabDocker $docker inspect -f '{{.NetworkSettings.IPAddress}}' work
        }
    }

    AfterAll {
        $dockers | ForEach-Object { Stop-LabDocker $_ }
        Stop-FlannelNode flannel
        $peer.Kill()
        $etcd | Stop-LabEtcd
    }

    It 'have addresses of their hosts'' subnets' {
        foreach ($pair in ('/run/flannel/subnet.env', $address[0]), ('/run/flannel/h2.env', $address[1])) {
            $file, $own = $pair
            (Import-FlannelSubnetEnv $file).Subnet.Contains([ipaddress]$own) | Should -BeTrue
        }
    }

    It 'F51: reach each other with full packets, and with none that are longer, though Docker drops what comes from elsewhere' {
        iptables -w 10 -S FORWARD | Should -Contain '-P FORWARD DROP'
        foreach ($from in 0, 1) {
            $to = $address[1 - $from]
            Wait-Until { try { $null = Invoke-LabDocker $dockers[$from] exec work /usr/bin/ping -c 1 -W 1 $to; $true } catch { $false } } 30
            # 20 bytes of IP and 8 of ICMP beside the payload make the overlay's 1450.
            Invoke-LabDocker $dockers[$from] exec work /usr/bin/ping -c 3 -i 0.2 -W 5 -M do -s 1422 $to | Out-String | Should -Match ' 0% packet loss'
            { Invoke-LabDocker $dockers[$from] exec work /usr/bin/ping -c 1 -W 1 -M do -s 1423 $to } | Should -Throw -ExpectedMessage '*mtu=1450*'
        }
    }

    It 'see each other''s own addresses: nothing on the way masquerades' {
        $null = Invoke-LabDocker $dockers[1] exec -d work /usr/bin/iperf3 -s -1 -J --logfile /tmp/server.json
        Wait-Until { try { $null = Invoke-LabDocker $dockers[0] exec work /usr/bin/iperf3 -c $address[1] -n 16M; $true } catch { $false } } 30
        Wait-Until { $script:server = Invoke-LabDocker $dockers[1] cp work:/tmp/server.json - | tar -xOf - | Out-String; $script:server -match 'sum_received' } 30
        $report = $script:server | ConvertFrom-Json
        $report.start.connected[0].remote_host | Should -Be $address[0]
        $report.end.sum_received.bytes | Should -BeGreaterThan 8MB    # what is on the way when one side is done is not counted
    }
}
