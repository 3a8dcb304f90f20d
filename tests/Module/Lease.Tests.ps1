BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $etcd = Start-LabEtcd
}

AfterAll {
    $etcd | Stop-LabEtcd
    Remove-Module FlannelPS
}

Describe 'Get-FlannelLease' {
    It 'returns nothing, and no error, while there is no lease' {
        @(Get-FlannelLease -ErrorAction Stop).Count | Should -Be 0
    }

    Context 'with leases, a reservation, and a key that is none' {
        BeforeAll {
            Set-LabLease $etcd 10.42.1.0/24 198.18.0.21 -TimeToLive 3600
            Set-LabLease $etcd 10.42.2.0/24 198.18.0.22 -TimeToLive 60
            Set-LabLease $etcd 10.42.3.0/24 198.18.1.23 -TimeToLive 0
            Set-LabKey $etcd /coreos.com/network/subnets/garbage 'not json' 0
        }

        It 'gives each lease, with the time it has left' {
            $leases = Get-FlannelLease
            $leases.Subnet.ForEach('ToString') | Should -Be '10.42.1.0/24', '10.42.2.0/24', '10.42.3.0/24'
            $leases[0].TimeToLive.TotalSeconds | Should -BeGreaterThan 3500
            $leases[0].Expiration | Should -BeGreaterThan ([DateTimeOffset]::Now.AddSeconds(3500))
            $leases[0].BackendData.VNI | Should -Be 1
            $leases[2].IsReservation | Should -BeTrue
            $leases[2].Expiration | Should -BeNullOrEmpty
        }

        It 'chooses by <Case>' -ForEach @(
            @{ Case = 'a subnet'; Parameters = @{ Subnet = '10.42.2.0/24' }; Expected = '10.42.2.0/24' }
            @{ Case = 'a network'; Parameters = @{ Subnet = '10.42.2.0/23' }; Expected = '10.42.2.0/24', '10.42.3.0/24' }
            @{ Case = 'a pattern'; Parameters = @{ Subnet = '10.42.[12]*' }; Expected = '10.42.1.0/24', '10.42.2.0/24' }
            @{ Case = 'a public address'; Parameters = @{ PublicIP = '198.18.0.*' }; Expected = '10.42.1.0/24', '10.42.2.0/24' }
            @{ Case = 'a backend'; Parameters = @{ BackendType = 'host*' }; Expected = @() }
            @{ Case = 'the time left'; Parameters = @{ ExpiresWithin = 100 }; Expected = '10.42.2.0/24' }
            @{ Case = 'reservations'; Parameters = @{ Reservation = $true }; Expected = '10.42.3.0/24' }
        ) {
            @(Get-FlannelLease @Parameters).ForEach({ "$($_.Subnet)" }) | Should -Be $Expected
        }

        It 'shows what is no lease, and why, with -Invalid' {
            $bad = Get-FlannelLease -Invalid
            $bad.Key | Should -Be '/coreos.com/network/subnets/garbage'
            $bad.Reason | Should -Match 'no subnet'
        }

        It 'says of a subnet that nobody holds that there is none, and goes on with the others' {
            $found = Get-FlannelLease 10.42.9.0/24, 10.42.1.0/24 -ErrorVariable problem -ErrorAction SilentlyContinue
            "$($found.Subnet)" | Should -Be '10.42.1.0/24'
            $problem[0].FullyQualifiedErrorId | Should -BeLike 'LeaseNotFound,*'
        }

        It 'says of host bits which network is meant' {
            (Get-FailureOf { Get-FlannelLease 10.42.1.7/24 -ErrorAction Stop } SubnetInvalid).Exception.Message | Should -Match '10\.42\.1\.0/24'
        }

        It 'completes subnets' {
            $line = 'Get-FlannelLease 10.42.3'
            (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be '10.42.3.0/24'
        }
    }

    Context 'with a hostile store' {
        BeforeAll {
            $null = Invoke-Etcdctl $etcd del --prefix /coreos.com/network
            Set-LabLease $etcd 10.42.1.0/24 198.18.0.21
            $body = { param($Key, $Value) @{ key = [Convert]::ToBase64String([byte[]]$Key); value = [Convert]::ToBase64String([byte[]]$Value) } | ConvertTo-Json }
            function Set-RawKey([byte[]] $Name, [byte[]] $Value) {
                $key = [byte[]]([Text.Encoding]::ASCII.GetBytes('/coreos.com/network/subnets/') + $Name)
                $null = Invoke-RestMethod "$($etcd.Endpoint)/v3/kv/put" -Method Post -Body (& $body $key $Value)
            }
            function Get-Bytes([string] $Text) { , [Text.Encoding]::UTF8.GetBytes($Text) }
            Set-RawKey ([byte[]](27, 91, 51, 49, 109, 10, 13, 0, 7)) (Get-Bytes 'x')                       # an escape sequence, line breaks, a NUL
            Set-RawKey ([byte[]](255, 254, 192, 128)) (Get-Bytes 'x')                                       # no UTF-8
            Set-RawKey (Get-Bytes '10.42.2.0-24') ([byte[]]::new(1MB))                                      # a value of 1 MB
            Set-RawKey (Get-Bytes '10.42.3.0-24') (Get-Bytes ('{"PublicIP":"198.18.0.23","BackendData":' + '[' * 5000 + ']' * 5000 + '}'))
            Set-RawKey (Get-Bytes '10.42.4.0-24') (Get-Bytes ('{"PublicIP":"198.18.0.24","BackendData":' + '[' * 30 + ']' * 30 + '}'))
            Set-RawKey (Get-Bytes '10.42.5.0-24') (Get-Bytes '{"PublicIP":"198.18.0.25","BackendType":"\u001b[31m","BackendData":{"":1,"a":1,"A":2,"Length":[]}}')
            Set-RawKey (Get-Bytes '10.42.6.0-24') (Get-Bytes '{"PublicIP":null}')
            Set-RawKey (Get-Bytes '10.42.7.0-24/deeper') (Get-Bytes '{"PublicIP":"198.18.0.27"}')
            Set-RawKey (Get-Bytes ('k' * 3000)) (Get-Bytes '{}')
        }

        It 'gives the good leases, whatever stands beside them' {
            $leases = Get-FlannelLease -ErrorAction Stop
            $leases.Subnet.ForEach('ToString') | Should -Be '10.42.1.0/24', '10.42.4.0/24', '10.42.5.0/24'
            $leases[1].BackendData | Should -Not -BeNullOrEmpty
            $leases[2].BackendData.a | Should -Be 1
            $leases | Format-List | Out-String | Should -Not -BeNullOrEmpty
        }

        It 'shows the others with a key that is safe to print' {
            $bad = Get-FlannelLease -Invalid
            $bad.Count | Should -Be 7
            $bad.Key | ForEach-Object { $_ | Should -Not -Match '[\x00-\x1f]'; $_.Length | Should -BeLessThan 300 }
            $bad.Reason | ForEach-Object { $_ | Should -Not -Match '[\x00-\x1f]' }
            "$(($bad | Where-Object Key -Like '*10.42.2.0-24').Reason)" | Should -Match '1048576 bytes'
        }
    }

    Context 'with leases of two families' {
        BeforeAll {
            $null = Invoke-Etcdctl $etcd del --prefix /coreos.com/network
            Set-LabKey $etcd '/coreos.com/network/subnets/10.42.1.0-24&fd00:42:0:1::-64' '{"PublicIP":"198.18.0.21","PublicIPv6":"2001:db8::21","BackendType":"vxlan","BackendData":{"VNI":1},"BackendV6Data":{"VNI":2}}' 60
            Set-LabLease $etcd 10.42.2.0/24
        }

        It 'gives both subnets and addresses, and is found by either' {
            $lease = Get-FlannelLease fd00:42::/48
            "$($lease.Subnet) $($lease.IPv6Subnet) $($lease.PublicIPv6) $($lease.BackendV6Data.VNI)" | Should -Be '10.42.1.0/24 fd00:42:0:1::/64 2001:db8::21 2'
            "$lease" | Should -Be '10.42.1.0/24,fd00:42:0:1::/64'
            @(Get-FlannelLease 10.42.1.0/24).Count | Should -Be 1
            @(Get-FlannelLease fd00:*).Count | Should -Be 1
        }
    }

    Context 'with a thousand leases' {
        BeforeAll {
            $null = Invoke-Etcdctl $etcd del --prefix /coreos.com/network
            $http = [Net.Http.HttpClient]::new()
            $lease = (Invoke-RestMethod "$($etcd.Endpoint)/v3/lease/grant" -Method Post -Body '{"TTL":600}').ID
            foreach ($third in 0..4) {
                (0..199).ForEach({
                    $key = [Convert]::ToBase64String([Text.Encoding]::ASCII.GetBytes("/coreos.com/network/subnets/10.$(60 + $third).$_.0-24"))
                    $value = [Convert]::ToBase64String([Text.Encoding]::ASCII.GetBytes("{`"PublicIP`":`"198.18.$third.$_`"}"))
                    $http.PostAsync("$($etcd.Endpoint)/v3/kv/put", [Net.Http.StringContent]::new("{`"key`":`"$key`",`"value`":`"$value`",`"lease`":`"$lease`"}"))
                }).ForEach({ $null = $_.GetAwaiter().GetResult().EnsureSuccessStatusCode() })
            }
        }

        It 'gives them all in the order of their keys, each with its time' {
            $leases = Get-FlannelLease
            $leases.Count | Should -Be 1000
            @($leases | Where-Object { $_.TimeToLive.TotalSeconds -lt 100 }).Count | Should -Be 0
            $sorted = [string[]]$leases.Key
            [Array]::Sort($sorted, [StringComparer]::Ordinal)
            $leases.Key | Should -Be $sorted
        }

        It 'writes the first long before the last, and ends when nobody reads on' {
            $null = Get-FlannelLease
            $all = (Measure-Command { $null = Get-FlannelLease }).TotalMilliseconds
            $first = (Measure-Command { $one = Get-FlannelLease | Select-Object -First 1 }).TotalMilliseconds
            "$($one.Subnet)" | Should -Be '10.60.0.0/24'
            $first | Should -BeLessThan ($all / 2)
        }

        It 'ends on Ctrl+C within a second, in the middle of the list' {
            $shell = [powershell]::Create()
            $null = $shell.AddScript("Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'; Get-FlannelLease | ForEach-Object { Start-Sleep -Milliseconds 5; `$_ }")
            $output = [System.Management.Automation.PSDataCollection[psobject]]::new()
            $null = $shell.BeginInvoke([System.Management.Automation.PSDataCollection[psobject]]::new(), $output)
            Wait-Until { $output.Count -gt 3 }
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $shell.BeginStop($null, $null).AsyncWaitHandle.WaitOne(5000) | Should -BeTrue
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 1
            $output.Count | Should -BeLessThan 1000
            $shell.Dispose()
        }
    }

    It 'reads a local: store' {
        $endpoint = "local:$TestDrive/get"
        $null = '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}' | & "$env:FLANNELPS_MODULE/runtimes/linux-x64/native/flannelpsd" --set-config - "--etcd-endpoints=$endpoint"
        @(Get-FlannelLease -Endpoint $endpoint -ErrorAction Stop).Count | Should -Be 0
        Add-FlannelReservation 10.42.5.0/24 198.18.0.50 -Endpoint $endpoint
        "$((Get-FlannelLease -Endpoint $endpoint).PublicIP)" | Should -Be '198.18.0.50'
    }

    It 'says that the store is away, and where it looked' {
        $failure = Get-FailureOf { Get-FlannelLease -Endpoint http://127.0.0.1:9 } StoreUnreachable
        $failure.CategoryInfo.Category | Should -Be 'ConnectionError'
        $failure.Exception.Message | Should -Match '127\.0\.0\.1:9'
    }
}
