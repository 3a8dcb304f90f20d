BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $etcd = Start-LabEtcd
    $prefix = '/coreos.com/network'
    function Clear-Network([string] $Config = '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}') {
        $null = Invoke-Etcdctl $etcd del --prefix $prefix
        if ($Config) { Set-LabKey $etcd "$prefix/config" $Config }
    }
    function Get-Value([string] $Key) { Invoke-Etcdctl $etcd get --print-value-only "$prefix/subnets/$Key" }
    function Get-Key([string] $Key) {
        $found = (Invoke-Etcdctl $etcd get --write-out=json "$prefix/subnets/$Key" | ConvertFrom-Json)
        if ($found.PSObject.Properties['kvs']) { $found.kvs[0] }
    }
    function Set-LocalConfig([string] $Endpoint) {
        $null = '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}' | & "$env:FLANNELPS_MODULE/runtimes/linux-x64/native/flannelpsd" --set-config - "--etcd-endpoints=$Endpoint"
    }
    function Get-EtcdLease { @((Invoke-Etcdctl $etcd lease list) | Where-Object { $_ -notmatch 'found' }) }
    function Get-StoreRevision { (Invoke-Etcdctl $etcd get --write-out=json nothing | ConvertFrom-Json).header.revision }
}

AfterAll {
    $etcd | Stop-LabEtcd
    Remove-Module FlannelPS
}

Describe 'Remove-FlannelLease' {
    BeforeEach {
        Clear-Network
        Set-LabLease $etcd 10.42.1.0/24 198.18.0.21
        Set-LabLease $etcd 10.42.2.0/24 198.18.0.22
        Set-LabLease $etcd 10.42.3.0/24 198.18.0.23 -TimeToLive 0
    }

    It 'removes the lease, and its etcd lease with it' {
        $before = Get-EtcdLease
        $lease = Get-FlannelLease 10.42.1.0/24
        Remove-FlannelLease 10.42.1.0/24 -Confirm:$false | Should -BeNullOrEmpty
        "$((Get-FlannelLease).Subnet)" | Should -Be '10.42.2.0/24 10.42.3.0/24'
        (Get-EtcdLease).Count | Should -Be ($before.Count - 1)
        Get-EtcdLease | Should -Not -Contain ('{0:x}' -f $lease.LeaseId)
    }

    It 'leaves an etcd lease alive that another key hangs on' {
        $id = '{0:x}' -f (Get-FlannelLease 10.42.1.0/24).LeaseId
        $null = Invoke-Etcdctl $etcd put "--lease=$id" /elsewhere 1
        Remove-FlannelLease 10.42.1.0/24 -Force
        Get-EtcdLease | Should -Contain $id
        Invoke-Etcdctl $etcd get --print-value-only /elsewhere | Should -Be 1
        Get-Key 10.42.1.0-24 | Should -BeNullOrEmpty
    }

    It 'takes leases from Get-FlannelLease, and writes them with -PassThru' {
        $removed = Get-FlannelLease -PublicIP 198.18.0.2[12] | Remove-FlannelLease -PassThru -Force
        "$($removed.Subnet)" | Should -Be '10.42.1.0/24 10.42.2.0/24'
        "$($removed.PublicIP)" | Should -Be '198.18.0.21 198.18.0.22'
        "$((Get-FlannelLease).Subnet)" | Should -Be '10.42.3.0/24'
    }

    It 'changes nothing with -WhatIf, with -Force too' {
        $revision = Get-StoreRevision
        $leases = Get-EtcdLease
        Get-FlannelLease | Where-Object IsReservation -EQ $false | Remove-FlannelLease -WhatIf
        Remove-FlannelLease 10.42.1.0/24 -WhatIf -Force
        & { $WhatIfPreference = $true; Remove-FlannelLease 10.42.1.0/24 -Force }
        Get-StoreRevision | Should -Be $revision
        Get-EtcdLease | Should -Be $leases
    }

    It 'asks before it removes' {
        $command = [System.Management.Automation.CommandMetadata]::new((Get-Command Remove-FlannelLease))
        $command.ConfirmImpact | Should -Be 'High'
        # A host that cannot ask is an error, and nothing is removed.
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'; Remove-FlannelLease 10.42.1.0/24")
        try { $null = $shell.Invoke() } catch { $null = $_ }
        $shell.HadErrors | Should -BeTrue
        $shell.Dispose()
        Get-Key 10.42.1.0-24 | Should -Not -BeNullOrEmpty
    }

    It 'leaves a lease alone that was written again since it was listed (R11)' {
        $listed = Get-FlannelLease 10.42.1.0/24
        Set-LabLease $etcd 10.42.1.0/24 198.18.0.99
        (Get-FailureOf { $listed | Remove-FlannelLease -Confirm:$false -ErrorAction Stop } LeaseChanged).CategoryInfo.Category | Should -Be ResourceBusy
        "$((Get-FlannelLease 10.42.1.0/24).PublicIP)" | Should -Be '198.18.0.99'
        $listed | Remove-FlannelLease -Force
        Get-Key 10.42.1.0-24 | Should -BeNullOrEmpty
    }

    It 'leaves a reservation alone, and says which cmdlet removes it' {
        (Get-FailureOf { Remove-FlannelLease 10.42.3.0/24 -Force -ErrorAction Stop } LeaseReserved).Exception.Message | Should -Match 'Remove-FlannelReservation'
        Remove-FlannelLease * -Force -ErrorAction Stop    # a pattern means the leases
        "$((Get-FlannelLease).Subnet)" | Should -Be '10.42.3.0/24'
    }

    It 'says of a subnet that nobody has that there is none, goes on with the others, and is silent about a pattern' {
        Remove-FlannelLease 10.42.9.0/24, 10.42.1.0/24 -Force -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'LeaseNotFound,*'
        Get-Key 10.42.1.0-24 | Should -BeNullOrEmpty
        Remove-FlannelLease 10.43.* -Force -ErrorAction Stop
    }

    It 'takes a network for itself alone, not for what lies in it' {
        Get-FailureOf { Remove-FlannelLease 10.42.0.0/16 -Force -ErrorAction Stop } LeaseNotFound
        @(Get-FlannelLease).Count | Should -Be 3
    }

    It 'refuses <Text>' -ForEach @(@{ Text = '10.42.1.7/24' }, @{ Text = 'x' }, @{ Text = '10.42.1.0/33' }, @{ Text = "10.42.1.0/24`n" }) {
        Get-FailureOf { Remove-FlannelLease $Text -Force -ErrorAction Stop } SubnetInvalid
        @(Get-FlannelLease).Count | Should -Be 3
    }

    It 'warns where a live host says that the lease is its own' {
        Set-LabKey $etcd "$prefix/flannelps/nodes/abc" '{"Nonce":"n","Subnet":"10.42.1.0-24","Host":"worker7","Version":"1"}' 60
        Remove-FlannelLease 10.42.1.0/24 -Force -WarningVariable warned -WarningAction SilentlyContinue
        "$warned" | Should -Match 'worker7'
        Remove-FlannelLease 10.42.2.0/24 -Force -WarningVariable warned -WarningAction SilentlyContinue
        "$warned" | Should -BeNullOrEmpty
    }

    It 'removes the one meant where two keys share an IPv4 subnet' {
        Set-LabKey $etcd "$prefix/subnets/10.42.1.0-24&fd00:42:1::-64" '{"PublicIP":"198.18.0.31","PublicIPv6":null}' 60
        Get-FlannelLease | Where-Object IPv6Subnet | Remove-FlannelLease -Force
        "$((Get-FlannelLease 10.42.1.0/24).PublicIP)" | Should -Be '198.18.0.21'
        Set-LabKey $etcd "$prefix/subnets/10.42.7.0-24&fd00:42:7::-64" '{"PublicIP":"198.18.0.31","PublicIPv6":null}' 60
        Remove-FlannelLease fd00:42:7::/64 -Force
        Get-Key '10.42.7.0-24&fd00:42:7::-64' | Should -BeNullOrEmpty
    }

    It 'works on a local: store' {
        $local = @{ Endpoint = "local:$TestDrive/store" }
        Set-LocalConfig $local.Endpoint
        Add-FlannelReservation 10.42.5.0/24 198.18.0.50 @local
        Remove-FlannelReservation 10.42.5.0/24 -ConvertToLease -Force @local
        (Get-FlannelLease @local).TimeToLive.TotalHours | Should -BeGreaterThan 23
        Get-FlannelLease @local | Remove-FlannelLease -Force @local
        Get-FlannelLease @local | Should -BeNullOrEmpty
        Get-FailureOf { Remove-FlannelLease 10.42.5.0/24 -Force @local -ErrorAction Stop } LeaseNotFound
    }

    It 'says that the store is away' {
        Get-FailureOf { Remove-FlannelLease 10.42.1.0/24 -Force -Endpoint http://127.0.0.1:9 } StoreUnreachable
    }
}

Describe 'Add-FlannelReservation' {
    BeforeEach {
        Clear-Network
        Set-LabLease $etcd 10.42.1.0/24 198.18.0.21
    }

    It 'creates a lease without an end, as any flannel reads it (R1, R2)' {
        Add-FlannelReservation 10.42.200.0/24 198.18.0.99 | Should -BeNullOrEmpty
        Get-Value 10.42.200.0-24 | Should -BeExactly '{"PublicIP":"198.18.0.99","PublicIPv6":null}'
        (Get-Key 10.42.200.0-24).PSObject.Properties['lease'] | Should -BeNullOrEmpty
        $reservation = Get-FlannelReservation
        "$($reservation.Subnet) $($reservation.PublicIP) $($reservation.IsReservation)" | Should -Be '10.42.200.0/24 198.18.0.99 True'
    }

    It 'turns the host''s lease into one without changing a byte of it, and ends the etcd lease (F25)' {
        $odd = '{ "publicip":"198.18.0.22", "BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:09"},"Extra":[1,2] }'
        Set-LabKey $etcd "$prefix/subnets/10.42.2.0-24" $odd 60
        $id = '{0:x}' -f (Get-FlannelLease 10.42.2.0/24).LeaseId
        $reserved = Get-FlannelLease 10.42.2.0/24 | Add-FlannelReservation -PassThru
        $reserved.IsReservation | Should -BeTrue
        $reserved.BackendData.VtepMAC | Should -Be '02:00:00:00:00:09'
        Get-Value 10.42.2.0-24 | Should -BeExactly $odd
        $reserved.Revision | Should -Be (Get-Key 10.42.2.0-24).mod_revision
        Get-EtcdLease | Should -Not -Contain $id
    }

    It 'needs no address where the host has the subnet already' {
        Add-FlannelReservation 10.42.1.0/24
        "$((Get-FlannelReservation).PublicIP)" | Should -Be '198.18.0.21'
        Get-FailureOf { Add-FlannelReservation 10.42.5.0/24 -ErrorAction Stop } LeaseNotFound
    }

    It 'writes nothing for a reservation that stands' {
        Add-FlannelReservation 10.42.200.0/24 198.18.0.99
        $revision = Get-StoreRevision
        "$((Add-FlannelReservation 10.42.200.0/24 198.18.0.99 -PassThru).Subnet)" | Should -Be '10.42.200.0/24'
        Get-StoreRevision | Should -Be $revision
    }

    It 'changes nothing with -WhatIf' {
        $revision = Get-StoreRevision
        Add-FlannelReservation 10.42.200.0/24 198.18.0.99 -WhatIf
        Get-FlannelLease | Add-FlannelReservation -WhatIf
        Get-StoreRevision | Should -Be $revision
    }

    It 'refuses a subnet that <Why>' -ForEach @(
        @{ Why = 'another host has'; Subnet = '10.42.1.0/24'; Id = 'LeaseConflict'; Text = '198\.18\.0\.21' }
        @{ Why = 'is outside the network'; Subnet = '10.43.1.0/24'; Id = 'SubnetInvalid'; Text = '10\.42\.0\.0/16' }
        @{ Why = 'is longer than a host''s'; Subnet = '10.42.4.0/25'; Id = 'SubnetInvalid'; Text = 'has 24' }
        @{ Why = 'is the first, which is given to nobody'; Subnet = '10.42.0.0/24'; Id = 'SubnetInvalid'; Text = '10\.42\.1\.0' }
        @{ Why = 'has host bits'; Subnet = '10.42.4.1/24'; Id = 'SubnetInvalid'; Text = '10\.42\.4\.0/24' }
        @{ Why = 'is none'; Subnet = 'abc'; Id = 'SubnetInvalid'; Text = 'abc' }
        @{ Why = 'is a pattern'; Subnet = '10.42.4.*'; Id = 'SubnetInvalid'; Text = 'IPv4 subnet' }
        @{ Why = 'is of IPv6'; Subnet = 'fd00::/64'; Id = 'SubnetInvalid'; Text = 'IPv4 subnet' }
    ) {
        $revision = Get-StoreRevision
        (Get-FailureOf { Add-FlannelReservation $Subnet 198.18.0.50 -ErrorAction Stop } $Id).Exception.Message | Should -Match $Text
        Get-StoreRevision | Should -Be $revision
    }

    It 'refuses a subnet that a key overlaps which is no good lease' {
        Set-LabKey $etcd "$prefix/subnets/10.42.8.0-22" '{"PublicIP":"198.18.0.60"}' 60
        Set-LabKey $etcd "$prefix/subnets/x10.42.20.0-24" 'junk' 60
        (Get-FailureOf { Add-FlannelReservation 10.42.9.0/24 198.18.0.50 -ErrorAction Stop } LeaseConflict).Exception.Message | Should -Match '10\.42\.8\.0/22'
        Get-FailureOf { Add-FlannelReservation 10.42.20.0/24 198.18.0.50 -ErrorAction Stop } LeaseConflict
    }

    It 'refuses the address <Address>' -ForEach @(@{ Address = '10.1' }, @{ Address = '0.0.0.0' }, @{ Address = '127.0.0.1' }, @{ Address = '224.0.0.1' }, @{ Address = 'fd00::1' }, @{ Address = 'host' }, @{ Address = '010.0.0.1' }) {
        Get-FailureOf { Add-FlannelReservation 10.42.200.0/24 $Address -ErrorAction Stop } AddressInvalid
    }

    It 'says that there is no network configuration, or an unusable one' {
        Clear-Network ''
        Get-FailureOf { Add-FlannelReservation 10.42.200.0/24 198.18.0.99 -ErrorAction Stop } NetworkConfigNotFound
        Clear-Network '{"Network":"nonsense"}'
        Get-FailureOf { Add-FlannelReservation 10.42.200.0/24 198.18.0.99 -ErrorAction Stop } NetworkConfigInvalid
    }

    It 'warns of another lease of the same host' {
        Add-FlannelReservation 10.42.200.0/24 198.18.0.21 -WarningVariable warned -WarningAction SilentlyContinue
        "$warned" | Should -Match '10\.42\.1\.0/24'
    }

    It 'asks for both subnets in a dual-stack network' {
        Clear-Network '{"Network":"10.42.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:42::/48","Backend":{"Type":"vxlan"}}'
        (Get-FailureOf { Add-FlannelReservation 10.42.5.0/24 198.18.0.50 -ErrorAction Stop } SubnetInvalid).Exception.Message | Should -Match 'dual-stack'
        Get-FailureOf { Add-FlannelReservation 10.42.5.0/24 198.18.0.50 -IPv6Subnet 10.1.0.0/24 -ErrorAction Stop } SubnetInvalid
        Add-FlannelReservation 10.42.5.0/24 198.18.0.50 -IPv6Subnet fd00:42:0:5::/64
        Get-Key '10.42.5.0-24&fd00:42:0:5::-64' | Should -Not -BeNullOrEmpty
        "$((Get-FlannelReservation).IPv6Subnet)" | Should -Be 'fd00:42:0:5::/64'
        # From the pipe both halves come along.
        Get-FlannelReservation | Remove-FlannelReservation -ConvertToLease -Force -PassThru | Add-FlannelReservation -PassThru | ForEach-Object IsReservation | Should -BeTrue
    }

    It 'lets exactly one of many win a subnet (R4)' {
        $module = "$env:FLANNELPS_MODULE/FlannelPS.psd1"
        $results = 1..8 | ForEach-Object -Parallel {
            Import-Module $using:module
            try { Add-FlannelReservation 10.42.77.0/24 "198.18.7.$_" -PassThru -ErrorAction Stop } catch { $_.FullyQualifiedErrorId -replace ',.*' }
        } -ThrottleLimit 8
        @($results | Where-Object { $_ -isnot [string] }).Count | Should -Be 1
        @($results | Where-Object { $_ -is [string] } | Sort-Object -Unique) | Should -Be 'LeaseConflict'
    }
}

Describe 'Get-FlannelReservation' {
    BeforeAll {
        Clear-Network
        Set-LabLease $etcd 10.42.1.0/24 198.18.0.21
        Set-LabLease $etcd 10.42.3.0/24 198.18.0.23 -TimeToLive 0
        Set-LabLease $etcd 10.42.4.0/24 198.18.1.24 -TimeToLive 0
    }

    It 'lists reservations alone' {
        "$((Get-FlannelReservation).Subnet)" | Should -Be '10.42.3.0/24 10.42.4.0/24'
    }

    It 'chooses by <Case>' -ForEach @(
        @{ Case = 'subnet'; Parameters = @{ Subnet = '10.42.3.0/24' }; Expected = '10.42.3.0/24' }
        @{ Case = 'network'; Parameters = @{ Subnet = '10.42.0.0/22' }; Expected = '10.42.3.0/24' }
        @{ Case = 'host'; Parameters = @{ PublicIP = '198.18.1.*' }; Expected = '10.42.4.0/24' }
        @{ Case = 'backend'; Parameters = @{ BackendType = 'v*' }; Expected = '10.42.3.0/24', '10.42.4.0/24' }
    ) {
        @(Get-FlannelReservation @Parameters).ForEach({ "$($_.Subnet)" }) | Should -Be $Expected
    }

    It 'says of a leased subnet that it is no reservation' {
        Get-FailureOf { Get-FlannelReservation 10.42.1.0/24 -ErrorAction Stop } ReservationNotFound
        Get-FlannelReservation 10.42.1.* -ErrorAction Stop | Should -BeNullOrEmpty
        Get-FailureOf { Get-FlannelReservation 10.42.1.9/24 -ErrorAction Stop } SubnetInvalid
    }
}

Describe 'Remove-FlannelReservation' {
    BeforeEach {
        Clear-Network
        Set-LabLease $etcd 10.42.1.0/24 198.18.0.21
        Set-LabLease $etcd 10.42.3.0/24 198.18.0.23 -TimeToLive 0
    }

    It 'removes it' {
        "$((Get-FlannelReservation | Remove-FlannelReservation -Confirm:$false -PassThru).Subnet)" | Should -Be '10.42.3.0/24'
        "$((Get-FlannelLease).Subnet)" | Should -Be '10.42.1.0/24'
    }

    It 'gives it 24 hours to live with -ConvertToLease, and changes no byte of it' {
        $value = Get-Value 10.42.3.0-24
        $lease = Remove-FlannelReservation 10.42.3.0/24 -ConvertToLease -Force -PassThru
        $lease.TimeToLive | Should -Be ([timespan]::FromHours(24))
        $lease.IsReservation | Should -BeFalse
        Get-Value 10.42.3.0-24 | Should -BeExactly $value
        (Get-FlannelLease 10.42.3.0/24).TimeToLive.TotalSeconds | Should -BeGreaterThan 86300
        $lease.Revision | Should -Be (Get-Key 10.42.3.0-24).mod_revision
    }

    It 'changes nothing with -WhatIf' {
        $revision, $leases = (Get-StoreRevision), (Get-EtcdLease)
        Remove-FlannelReservation 10.42.3.0/24 -WhatIf -Force
        Remove-FlannelReservation 10.42.3.0/24 -WhatIf -ConvertToLease
        Get-StoreRevision | Should -Be $revision
        Get-EtcdLease | Should -Be $leases
    }

    It 'leaves a lease alone' {
        Get-FailureOf { Remove-FlannelReservation 10.42.1.0/24 -Force -ErrorAction Stop } ReservationNotFound
        Get-FailureOf { Remove-FlannelReservation 10.42.9.0/24 -Force -ErrorAction Stop } ReservationNotFound
        Remove-FlannelReservation * -Force -ErrorAction Stop
        "$((Get-FlannelLease).Subnet)" | Should -Be '10.42.1.0/24'
    }

    It 'leaves what was changed since it was listed' {
        $listed = Get-FlannelReservation
        Set-LabLease $etcd 10.42.3.0/24 198.18.0.24 -TimeToLive 0
        Get-FailureOf { $listed | Remove-FlannelReservation -Confirm:$false -ErrorAction Stop } LeaseChanged
        Get-FailureOf { $listed | Remove-FlannelReservation -ConvertToLease -Confirm:$false -ErrorAction Stop } LeaseChanged
        "$((Get-FlannelReservation).PublicIP)" | Should -Be '198.18.0.24'
        Get-FailureOf { Remove-FlannelReservation 10.42.3.1/24 -ErrorAction Stop } SubnetInvalid
    }

    It 'warns where its host runs' {
        Set-LabKey $etcd "$prefix/flannelps/nodes/abc" '{"Nonce":"n","Subnet":"10.42.3.0-24","Host":"worker7","Version":"1"}' 60
        Remove-FlannelReservation 10.42.3.0/24 -ConvertToLease -Force -WarningVariable warned -WarningAction SilentlyContinue
        "$warned" | Should -BeNullOrEmpty
        Add-FlannelReservation 10.42.3.0/24
        Remove-FlannelReservation 10.42.3.0/24 -Force -WarningVariable warned -WarningAction SilentlyContinue
        "$warned" | Should -Match 'worker7'
    }
}

Describe 'Reservations and a running node' {
    It 'is kept by the node, there and back, and what is removed comes back (F20, F25)' {
        Clear-Network
        $peer = New-LabHost 2
        $process = Start-LabPeer $peer $etcd.Remote
        try {
            $lease = Get-FlannelLease -PublicIP $peer.Address
            $reserved = $lease | Add-FlannelReservation -PassThru
            $reserved.IsReservation | Should -BeTrue
            Start-Sleep 1
            $now = Get-FlannelReservation "$($lease.Subnet)"
            "$($now.PublicIP) $($now.BackendData.VtepMAC)" | Should -Be "$($peer.Address) $($lease.BackendData.VtepMAC)"
            $null = $now | Remove-FlannelReservation -ConvertToLease -Force
            Start-Sleep 1
            (Get-FlannelLease "$($lease.Subnet)").TimeToLive.TotalHours | Should -BeGreaterThan 23
            $process.HasExited | Should -BeFalse
            Remove-FlannelLease "$($lease.Subnet)" -Force -WarningVariable warned -WarningAction SilentlyContinue
            "$warned" | Should -Match 'writes its lease again'
            Wait-Until { Get-FlannelLease "$($lease.Subnet)" -ErrorAction Ignore } 5
            "$((Get-FlannelLease "$($lease.Subnet)").PublicIP)" | Should -Be $peer.Address
        }
        finally {
            $process.Kill($true)
            Remove-LabHost 2
        }
    }
}
