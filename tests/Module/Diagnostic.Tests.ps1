# Export-FlannelDiagnostic: what is in the file, what is not, and that it is one file or none.
BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force

    # The texts of a bundle by their names.
    function Read-Bundle([string] $Path) {
        $zip = [IO.Compression.ZipFile]::OpenRead($Path)
        $texts = [ordered]@{}
        foreach ($entry in $zip.Entries) {
            $reader = [IO.StreamReader]::new($entry.Open())
            $texts[$entry.FullName] = $reader.ReadToEnd()
            $reader.Dispose()
        }
        $zip.Dispose()
        $texts
    }
}

AfterAll { Remove-Module FlannelPS }

Describe 'A bundle of a node that runs' {
    BeforeAll {
        $etcd = Start-LabEtcd
        Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
        Set-LabLease $etcd 10.42.1.0/24 198.18.0.21
        $null = Start-FlannelNode
        Wait-Until { Get-FlannelPeer }
        # It is saved when things have been quiet for a moment.
        Wait-Until { Test-Path /var/lib/flannelps/flannel/network } 30
        $file = Export-FlannelDiagnostic "$TestDrive/a.zip" -PassThru
        $texts = Read-Bundle "$TestDrive/a.zip"
    }

    AfterAll {
        Stop-FlannelNode flannel -ErrorAction Ignore
        Reset-FlannelNode flannel -Force
        $etcd | Stop-LabEtcd
    }

    It 'is one file that its owner alone may read' {
        $file | Should -BeOfType ([IO.FileInfo])
        $file.FullName | Should -Be "$TestDrive/a.zip"
        [int] $file.UnixFileMode | Should -Be 0x180
        Get-ChildItem -Force $TestDrive -Filter '*.tmp' | Should -BeNullOrEmpty
    }

    It 'begins with the summary' {
        @($texts.Keys)[0] | Should -Be 'summary.txt'
        $texts['summary.txt'] | Should -Match '(?m)^flannel: \w+, '
        $texts['summary.txt'] | Should -Match '10\.42\.\d+\.0/24 on eth0 \(198\.18\.0\.11\), vxlan, 1 peers'
    }

    It 'has <_>' -ForEach @(
        'nodes/flannel/status.json', 'nodes/flannel/peers.json', 'nodes/flannel/leases.json', 'nodes/flannel/events.json', 'nodes/flannel/checks.json', 'checks.json', 'store.json',
        'network/link.json', 'network/address.json', 'network/route.json', 'network/rule.json', 'network/neighbor.json', 'network/fdb.json'
    ) {
        { $texts[$_] | ConvertFrom-Json -ErrorAction Stop } | Should -Not -Throw
        $texts[$_].Length | Should -BeGreaterThan 2
    }

    It 'has the node''s numbers, log, files and process, the rules, settings and modules' {
        $texts['nodes/flannel/metrics.txt'] | Should -Match '# EOF'
        $texts['nodes/flannel/log.txt'] | Should -Match 'Acquired|Ready'
        $texts['nodes/flannel/subnet.env'] | Should -Match 'FLANNEL_SUBNET=10\.42\.'
        $texts['nodes/flannel/state/network-config.json'] | Should -Match '10\.42\.0\.0/16'
        $texts['nodes/flannel/process.txt'] | Should -Match 'flannelpsd'
        $texts['kernel/version.txt'] | Should -Match 'Linux version'
        $texts['kernel/settings.txt'] | Should -Match 'net\.ipv4\.ip_forward = 1'
        $texts['kernel/modules.txt'] | Should -Match '(?m)^vxlan '
        if (Get-Command nft -ErrorAction Ignore) { $texts['firewall/nft.txt'] | Should -Match 'flannelps-flannel' }
        ($texts['network/route.json'] | ConvertFrom-Json).dst | Should -Contain '10.42.1.0/24'
        ($texts['network/fdb.json'] | ConvertFrom-Json).dst | Should -Contain '198.18.0.21'
    }

    It 'says what is wrong, why, and what to do about it' {
        $names = ($texts['nodes/flannel/checks.json'] | ConvertFrom-Json).name
        $names | Should -Contain 'Ready'
        Set-LabSetting net.ipv4.ip_forward 0
        try { Export-FlannelDiagnostic "$TestDrive/wrong.zip" }
        finally { Set-LabSetting net.ipv4.ip_forward 1 }
        $summary = (Read-Bundle "$TestDrive/wrong.zip")['summary.txt']
        $summary | Should -Match '(?s)Checks that failed.*ip_forward.*\n  cause: .*\n  remedy: .*Checks that warn'
    }

    It 'takes a folder for the place, and makes a name of host and time' {
        $null = New-Item -ItemType Directory "$TestDrive/folder"
        Push-Location $TestDrive
        try { $made = Export-FlannelDiagnostic folder -PassThru }
        finally { Pop-Location }
        $made.DirectoryName | Should -Be "$TestDrive/folder"
        $made.Name | Should -Match "^flannelps-$([regex]::Escape([Environment]::MachineName))-\d{8}T\d{6}Z\.zip$"
    }

    It 'takes no more bytes than it may, and says what is cut' {
        $log = '/var/log/flannelps/flannel.log'
        $random = [byte[]]::new(300KB)
        [Random]::new(5).NextBytes($random)
        # Lines as the daemon's own, which cannot be made smaller.
        $noise = [Convert]::ToBase64String($random)
        Copy-Item $log "$TestDrive/log"
        try {
            Add-Content $log (0..999 | ForEach-Object { "2026-11-26T00:00:00.000Z info  noise $($noise.Substring(400 * $_, 400))" })
            $small = Export-FlannelDiagnostic "$TestDrive/small.zip" -MaximumSize 256KB -PassThru
        }
        finally { [IO.File]::WriteAllBytes($log, [IO.File]::ReadAllBytes("$TestDrive/log")) }
        $small.Length | Should -BeLessOrEqual 256KB
        $cut = Read-Bundle $small.FullName
        $cut['summary.txt'] | Should -Match 'nodes/flannel/log\.txt: the last [\d,]+ of [\d,]+ bytes'
        $cut.Keys | Should -Contain 'nodes/flannel/log.txt.cut'
        $cut['nodes/flannel/log.txt.cut'].Contains($noise.Substring(400 * 999, 400)) | Should -BeTrue
        $cut['nodes/flannel/status.json'] | ConvertFrom-Json | Should -Not -BeNullOrEmpty
    }

    It 'F93: writes nothing with -WhatIf, and nothing over a file with -NoClobber' {
        Export-FlannelDiagnostic "$TestDrive/not.zip" -WhatIf
        "$TestDrive/not.zip" | Should -Not -Exist
        $before = Get-FileHash "$TestDrive/a.zip"
        $null = Get-FailureOf { Export-FlannelDiagnostic "$TestDrive/a.zip" -NoClobber -ErrorAction Stop } FileExists
        (Get-FileHash "$TestDrive/a.zip").Hash | Should -Be $before.Hash
        Export-FlannelDiagnostic "$TestDrive/a.zip" | Should -BeNullOrEmpty
        (Get-FileHash "$TestDrive/a.zip").Hash | Should -Not -Be $before.Hash
    }

    It 'refuses <Case> with its own error' -ForEach @(
        @{ Case = 'a node that is not there'; Id = 'NodeNotFound'; Parameters = @{ Name = 'nosuch' } }
        @{ Case = 'a link that leads elsewhere'; Id = 'FileUnsafe'; Parameters = @{ Path = 'link.zip' } }
    ) {
        $target = "$TestDrive/target"
        Set-Content $target untouched
        if (-not (Test-Path "$TestDrive/link.zip")) { $null = New-Item -ItemType SymbolicLink "$TestDrive/link.zip" -Target $target }
        $all = @{ Path = 'other.zip'; ErrorAction = 'Stop' }
        $Parameters.Keys | ForEach-Object { $all[$_] = $Parameters[$_] }
        Push-Location $TestDrive
        try { $null = Get-FailureOf { Export-FlannelDiagnostic @all } $Id }
        finally { Pop-Location }
        Get-Content $target | Should -Be untouched
    }

    It 'F90: ends within a second of Ctrl+C, and leaves no half file' {
        # Whoever reads the store waits.
        kill -STOP $etcd.Process.Id
        try {
            $shell = [powershell]::Create().AddScript("Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; Export-FlannelDiagnostic $TestDrive/stopped.zip -TimeoutSeconds 30")
            $null = $shell.BeginInvoke()
            Start-Sleep -Milliseconds 1500
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $shell.Stop()
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 1
        }
        finally { kill -CONT $etcd.Process.Id }
        Get-ChildItem -Force $TestDrive -Filter '*stopped*' | Should -BeNullOrEmpty
    }

    It 'is made where the store is away, and says so' {
        kill -STOP $etcd.Process.Id
        try { Export-FlannelDiagnostic "$TestDrive/away.zip" -TimeoutSeconds 1 }
        finally { kill -CONT $etcd.Process.Id }
        $away = Read-Bundle "$TestDrive/away.zip"
        ($away['store.json'] | ConvertFrom-Json).failure | Should -Be 'Unreachable'
        $away['summary.txt'] | Should -Match '(?s)Checks that failed.*StoreContact of the host.*\n  remedy: '
        $away['nodes/flannel/state/network-config.json'] | Should -Match '10\.42\.0\.0/16'
    }

    It 'has the network of each node that runs in a namespace of its own' {
        $other = New-LabHost 2
        $peer = Start-LabPeer $other $etcd.Remote
        try {
            Export-FlannelDiagnostic "$TestDrive/two.zip" -Name h2
            $two = Read-Bundle "$TestDrive/two.zip"
            ($two['nodes/h2/network/address.json'] | ConvertFrom-Json).addr_info.local | Should -Contain '198.18.0.12'
            $two.Keys -match '^nodes/flannel/' | Should -BeNullOrEmpty
        }
        finally {
            $peer.Kill()
            Remove-LabHost 2
            Remove-Item -Recurse /var/lib/flannelps/h2, /run/flannelps/h2.*
        }
    }

    It 'is made of a host without a node' {
        Stop-FlannelNode flannel
        Reset-FlannelNode flannel -Force
        Remove-Item -Recurse /var/lib/flannelps/*, /var/log/flannelps/*
        try {
            Export-FlannelDiagnostic "$TestDrive/none.zip"
            $none = Read-Bundle "$TestDrive/none.zip"
            $none['summary.txt'] | Should -Match 'No node runs on this host'
            $none['checks.json'] | ConvertFrom-Json | Should -Not -BeNullOrEmpty
        }
        finally { $null = Start-FlannelNode }
    }
}

Describe 'Secrets' {
    BeforeAll {
        $pem = New-LabCertificate "$TestDrive/pem"
        $etcd = Start-LabEtcd -Scheme https -Option '--cert-file', "$pem/server.pem", '--key-file', "$pem/server-key.pem"
        $canary = @{}
        foreach ($name in 'option', 'unit', 'dropin', 'address', 'token', 'old', 'psk', 'session') { $canary[$name] = "cnry$($name)$([guid]::NewGuid().ToString('n').Substring(0, 12))" }
        $null = Invoke-Etcdctl $etcd "--cacert=$pem/ca.pem" put /coreos.com/network/config "{`"Network`":`"10.42.0.0/16`",`"ClusterToken`":`"$($canary.psk)`",`"Backend`":{`"Type`":`"vxlan`"}}"
        $credential = Enable-LabAuthentication $etcd "$pem/ca.pem"
        $canary.password = $credential.GetNetworkCredential().Password
        $canary.key = (Get-Content "$pem/client-key.pem")[1].Substring(0, 40)
        $store = @{ Endpoint = $etcd.Endpoint; CACertificatePath = "$pem/ca.pem"; CertificatePath = "$pem/client.pem"; KeyPath = "$pem/client-key.pem"; Credential = $credential }

        # Where services have them; the machine's own units stay out of it.
        $null = New-Item -ItemType Directory -Force /etc/systemd/system
        Invoke-Checked mount -t tmpfs tmpfs /etc/systemd/system
        Set-Content /etc/flannelps/flannel.env @"
# before: FLANNELD_ETCD_PASSWORD=$($canary.old)
FLANNELD_ETCD_USERNAME="root"
FLANNELD_ETCD_PASSWORD="$($canary.password)"
FLANNELD_ETCD_KEYFILE=$pem/client-key.pem
FLANNELD_SOMETHING_TOKEN=$($canary.token)
OTHER=$($canary.option)
"@
        Set-Content /etc/systemd/system/flannelps@.service "[Service]`nExecStart=/usr/local/bin/flannelpsd --etcd-password $($canary.unit) --name=%i`nEnvironmentFile=-/etc/flannelps/%i.env"
        $null = New-Item -ItemType Directory /etc/systemd/system/flannelps@flannel.service.d
        Set-Content /etc/systemd/system/flannelps@flannel.service.d/10.conf "[Service]`nEnvironment=`"FLANNELD_ETCD_PASSWORD=$($canary.dropin)`""
        $null = Start-FlannelNode @store
        Wait-Until { Test-Path /var/lib/flannelps/flannel/network } 30
        # What some other version, or somebody's wrapper, may have written into the log.
        Add-Content /var/log/flannelps/flannel.log @(
            "2026-11-26T00:00:00.000Z warn  [1] cannot reach http://root:$($canary.address)@192.0.2.1:2379/"
            "2026-11-26T00:00:00.000Z warn  [1] tried $($canary.password) and $([uri]::EscapeDataString($canary.unit)) and $([Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($canary.dropin)))"
            "2026-11-26T00:00:00.000Z warn  [1] header Authorization: Bearer $($canary.token)"
            "2026-11-26T00:00:00.000Z warn  [1] key $($canary.key)"
            'fatal: password: hunter2 was wrong'
        )
        Set-Content /var/log/flannelps/gone.log "2026-11-26T00:00:00.000Z warn  [1] token=$($canary.option)"
        $env:FLANNELD_ETCD_PASSWORD = $canary.session
        Add-Content /var/log/flannelps/gone.log "2026-11-26T00:00:00.000Z warn  [1] $($canary.session) in a sentence"
        try { Export-FlannelDiagnostic "$TestDrive/secret.zip" @store -Verbose -Debug *> "$TestDrive/said" }
        finally { Remove-Item env:FLANNELD_ETCD_PASSWORD }
        $texts = Read-Bundle "$TestDrive/secret.zip"
    }

    AfterAll {
        Stop-FlannelNode flannel -ErrorAction Ignore
        umount /etc/systemd/system
        $etcd | Stop-LabEtcd
    }

    It 'stand where the bundle looks' {
        # Else the next test would show nothing.
        (Get-FlannelNode flannel).State | Should -BeIn Ready, PeerUnreachable
        foreach ($name in 'nodes/flannel/log.txt', 'nodes/gone/log.txt', 'nodes/flannel/process.txt', 'nodes/flannel/service/etc/flannelps/flannel.env', 'nodes/flannel/service/etc/systemd/system/flannelps@.service',
            'nodes/flannel/service/etc/systemd/system/flannelps@flannel.service.d/10.conf', 'nodes/flannel/state/network-config.json', 'store.json') { $texts.Keys | Should -Contain $name }
        $texts['nodes/flannel/state/network-config.json'] | Should -Match 'ClusterToken'
    }

    It 'F84, I6: are in no text of the bundle, and in no word of the command' {
        $said = Get-Content -Raw "$TestDrive/said"
        foreach ($name in $canary.Keys) {
            foreach ($form in $canary[$name], [uri]::EscapeDataString($canary[$name]), [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($canary[$name]))) {
                foreach ($entry in $texts.Keys) { $texts[$entry].Contains($form) | Should -BeFalse -Because "$entry has the canary '$name'" }
                "$said".Contains($form) | Should -BeFalse -Because "the command says the canary '$name'"
            }
        }
        $texts['nodes/flannel/log.txt'] | Should -Not -Match 'hunter2'
    }

    It 'leave what is no secret' {
        $texts['nodes/flannel/log.txt'] | Should -Match 'http://<removed>@192\.0\.2\.1:2379/'
        $texts['nodes/flannel/service/etc/flannelps/flannel.env'] | Should -Match "FLANNELD_ETCD_KEYFILE=$pem/client-key.pem"
        $texts['nodes/flannel/service/etc/flannelps/flannel.env'] | Should -Match 'FLANNELD_ETCD_USERNAME="root"'
        $texts['nodes/flannel/service/etc/flannelps/flannel.env'] | Should -Match 'OTHER=<not shown>'
        $texts['summary.txt'] | Should -Match '\d+ places'
        ($texts['nodes/flannel/status.json'] | ConvertFrom-Json).lease.subnet | Should -Match '^10\.42\.'
    }
}
