# The CNI configuration, carried out by real plugins on two hosts. The flannel plugin itself is used where FLANNEL_CNI names it; what it hands to the
# bridge plugin is made by hand otherwise, by its documented rules.
BeforeDiscovery {
    $script:folder = '/usr/lib/cni', '/opt/cni/bin' | Where-Object { Test-Path "$_/bridge" } | Select-Object -First 1
    $script:ways = @(@{ Way = 'what the flannel plugin hands to bridge' }; @{ Way = 'the flannel plugin' })
}

BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $plugins = '/usr/lib/cni', '/opt/cni/bin' | Where-Object { Test-Path "$_/bridge" } | Select-Object -First 1

    # Runs a plugin on a host, as a runtime does: no shell, the configuration on standard input.
    function Invoke-Plugin([string] $On, [string] $Command, [string] $Container, [string] $Config, [string] $Plugin = (Join-Path $plugins (($Config | ConvertFrom-Json).type))) {
        $variables = "CNI_COMMAND=$Command", "CNI_CONTAINERID=$Container", "CNI_NETNS=/run/netns/$Container", 'CNI_IFNAME=eth0', "CNI_PATH=$(Split-Path $Plugin):$plugins"
        $output = $Config | & nsenter $On env @variables $Plugin 2>$TestDrive/stderr | Out-String
        if ($LASTEXITCODE -ne 0) { throw "$Plugin $Command`: $output $(Get-Content $TestDrive/stderr)" }
        $output
    }

    function Read-Variables([string] $Path) { Get-Content $Path | ForEach-Object -Begin { $all = @{} } -Process { $name, $value = $_ -split '=', 2; $all.$name = $value } -End { $all } }

    # The runtime gives each plugin of a list the list's name and version.
    function Get-Plugin([string] $List) {
        $read = Get-Content -Raw $List | ConvertFrom-Json -AsHashtable
        $plugin = $read.plugins[0]
        $plugin.name, $plugin.cniVersion = $read.name, $read.cniVersion
        $plugin
    }

    # Each value with its path: two texts that say the same in another order have the same.
    function Get-Leaf($Value, [string] $Path) {
        if ($Value -is [pscustomobject]) { foreach ($property in $Value.PSObject.Properties) { Get-Leaf $property.Value "$Path/$($property.Name)" } }
        elseif ($Value -is [array]) { for ($i = 0; $i -lt $Value.Count; $i++) { Get-Leaf $Value[$i] "$Path/$i" } }
        else { "$Path=$Value" }
    }

    function Get-Delegate([string] $List) {
        $plugin = Get-Plugin $List
        $variables = Read-Variables $plugin.subnetFile
        $delegate = $plugin.delegate
        $delegate.name, $delegate.cniVersion, $delegate.type, $delegate.isGateway = $plugin.name, $plugin.cniVersion, 'bridge', $true
        $delegate.ipMasq = $variables.FLANNEL_IPMASQ -eq 'false'
        $delegate.mtu = [int]$variables.FLANNEL_MTU
        $ipam = $plugin.ipam ?? @{}
        $ipam.type = 'host-local'
        $ipam.ranges = @(, @(@{ subnet = $variables.FLANNEL_SUBNET -replace '\.1/', '.0/' }))
        $ipam.routes = @(@{ dst = $variables.FLANNEL_NETWORK })
        $delegate.ipam = $ipam
        $delegate | ConvertTo-Json -Depth 9
    }
}

AfterAll { Remove-Module FlannelPS }

Describe 'The CNI configuration' -Skip:(-not $folder) {
    BeforeAll {
        $etcd = Start-LabEtcd
        Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}' 0
        $node = Start-FlannelNode
        $peer = Start-LabPeer (New-LabHost 2) $etcd.Remote
        Wait-Until { (Get-FlannelPeer | Where-Object Programmed | Measure-Object).Count -eq 2 } 30    # each of the other
        $on = @{ c1 = '--net=/proc/self/ns/net'; c2 = '--net=/run/netns/h2' }
        foreach ($file in 'flannel', 'h2') {
            # The two hosts share one file system, so each has folders of its own.
            New-FlannelCniConfig -SubnetFile "/run/flannel/$($file -eq 'flannel' ? 'subnet' : $file).env" -DataDirectory "$TestDrive/$file/flannel" -Ipam @{ dataDir = "$TestDrive/$file/ipam" } | Export-FlannelCniConfig "$TestDrive/$file.conflist"
        }
        $lists = @{ c1 = "$TestDrive/flannel.conflist"; c2 = "$TestDrive/h2.conflist" }
    }

    AfterAll {
        Stop-FlannelNode flannel
        $peer.Kill()
        $etcd | Stop-LabEtcd
    }

    It 'joins namespaces of two hosts, and lets go of them: <Way>' -ForEach $ways {
        $isReal = $Way -eq 'the flannel plugin'
        if ($isReal -and -not ($env:FLANNEL_CNI -and (Test-Path $env:FLANNEL_CNI))) { Set-ItResult -Skipped -Because 'FLANNEL_CNI does not name the flannel CNI plugin, which Debian does not package' }
        $address, $mtu, $configs = @{}, @{}, @{}
        foreach ($name in 'c1', 'c2') {
            Invoke-Checked ip netns add $name
            $configs.$name = $isReal ? (Get-Plugin $lists.$name | ConvertTo-Json -Depth 9) : (Get-Delegate $lists.$name)
            $plugin = $isReal ? $env:FLANNEL_CNI : "$plugins/bridge"
            $result = Invoke-Plugin $on.$name ADD $name $configs.$name $plugin | ConvertFrom-Json
            $address.$name = $result.ips[0].address -replace '/.*'
            $mtu.$name = (ip -n $name -j link show eth0 | ConvertFrom-Json).mtu
        }
        $address.c1 | Should -Match '^10\.42\.\d+\.\d+$'
        $mtu.Values | Should -Be 1450, 1450
        # Full packets, both ways, with no fragment on the way: 20 bytes of IP and 8 of ICMP beside the payload.
        foreach ($pair in ('c1', 'c2'), ('c2', 'c1')) {
            $from, $to = $pair
            Wait-Until { $null = ip netns exec $from ping -c 1 -W 1 $address.$to; $LASTEXITCODE -eq 0 } 20
            Invoke-Checked ip netns exec $from ping -c 3 -i 0.1 -W 5 -M do -s 1422 $address.$to | Out-String | Should -Match ' 0% packet loss'
            ip netns exec $from ping -c 1 -W 1 -M do -s 1423 $address.$to 2>&1 | Out-String | Should -Match 'mtu=1450|message too long'
        }
        if ($isReal) {
            # What it made of the configuration is what the other way of this test takes for granted.
            foreach ($name in 'c1', 'c2') {
                $stored = Get-ChildItem (Get-Plugin $lists.$name).dataDir -File | Get-Content -Raw
                Get-Leaf ($stored | ConvertFrom-Json) | Sort-Object | Should -Be (Get-Leaf (Get-Delegate $lists.$name | ConvertFrom-Json) | Sort-Object)
            }
        }

        foreach ($name in 'c1', 'c2') {
            $null = Invoke-Plugin $on.$name DEL $name $configs.$name $plugin
            $null = Invoke-Plugin $on.$name DEL $name $configs.$name $plugin    # a runtime may repeat it
            ip -n $name -br link show eth0 2>&1 | Out-String | Should -Match 'does not exist'
            @(Get-ChildItem "$((Get-Plugin $lists.$name).ipam.dataDir)/cbr0" -Filter '10.*').Count | Should -Be 0
            Invoke-Checked ip netns del $name
        }
    }
}
