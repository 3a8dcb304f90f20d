# A picture of a real network: three daemons in namespaces. The page in a browser is ReportBrowserTests.
BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $etcd = Start-LabEtcd
    Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","SubnetLen":24,"SubnetMax":"10.42.99.0","Backend":{"Type":"vxlan"}}'
    # What strangers put in: a backend that is markup, and a reservation that nobody has taken up.
    $markup = '<img src=x onerror=alert(1)>'
    Set-LabKey $etcd /coreos.com/network/subnets/10.42.77.0-24 "{`"PublicIP`":`"198.18.0.77`",`"PublicIPv6`":null,`"BackendType`":`"$markup`",`"BackendData`":{}}"
    $null = Start-FlannelNode
    $h2, $h3 = 2, 3 | ForEach-Object { New-LabHost $_ }
    $peers = $h2, $h3 | ForEach-Object { Start-LabPeer $_ $etcd.Remote }
    Wait-Until { @(Get-FlannelPeer -State Reachable).Count -eq 6 } -Seconds 60
    $page = "$TestDrive/network.html"

    # The body as a strict reader has it, and the cells of the mesh by row.
    function Read-Page([string] $Path = $page) { ([xml] ((Get-Content -Raw $Path) -replace '(?s)^.*?(?=<body>)' -replace '</html>\s*$')).DocumentElement }
    function Get-Mesh($Xml) { , @($Xml.SelectNodes("//table[@class='mesh']/tbody/tr")) }
}

AfterAll {
    $peers | ForEach-Object { $_.Kill(); $_.WaitForExit() }
    Get-FlannelNode | Stop-FlannelNode -Force
    Get-FlannelNode | Reset-FlannelNode -Force
    $etcd | Stop-LabEtcd
}

Describe 'Export-FlannelReport' {
    It 'draws the network as the nodes of this host see it' {
        Export-FlannelReport $page | Should -BeNullOrEmpty
        $xml = Read-Page
        $xml.SelectSingleNode('//h1').InnerText | Should -Be '10.42.0.0/16'
        $mesh = Get-Mesh $xml
        $mesh.Count | Should -Be 3
        # Each row: itself, two others with a round trip, and the lease that is not believed.
        foreach ($row in $mesh) {
            @($row.td | Where-Object class -EQ 'cell Self').Count | Should -Be 1
            @($row.td | Where-Object class -Match '^cell r\d').Count | Should -Be 2
            @($row.td | Where-Object class -EQ 'cell Refused').Count | Should -Be 1
        }
        foreach ($node in Get-FlannelNode) { $xml.InnerText | Should -Match ([regex]::Escape("$($node.Subnet)")) }
        # The range is the network's own: SubnetMax is honoured, and the first subnet left out.
        $xml.InnerText | Should -Match '4 of 99 subnets of /24 are in use'
        $xml.SelectNodes("//section[@id='events']//tr").Count | Should -BeGreaterThan 3
    }

    It 'shows what strangers put into the store as text' {
        $text = Get-Content -Raw $page
        $text | Should -Not -Match '<img|<script'
        (Read-Page).SelectNodes("//@*[starts-with(name(), 'on')]").Count | Should -Be 0
        $text | Should -Match '&lt;img src=x onerror=alert\(1\)&gt;'
        $text | Should -Not -Match '(src|href)="(?!#)'
        $text | Should -Not -Match 'url\(|@import'
        $text | Should -Match "default-src 'none'"
    }

    It 'says of hosts that were not asked that they were not' {
        Export-FlannelReport $page -Name flannel
        $xml = Read-Page
        (Get-Mesh $xml).Count | Should -Be 1
        $xml.InnerText | Should -Match '3 of 4 hosts were not asked'
        $xml.SelectNodes("//section[@id='nodes']//article").Count | Should -Be 1
    }

    It 'draws what another host gave, by <Case>' -ForEach @(
        @{ Case = 'remoting'; Bring = {
                $job = Start-Job { Import-Module $using:env:FLANNELPS_MODULE/FlannelPS.psd1; Get-FlannelNode h2; Get-FlannelPeer h2; Get-FlannelEvent h2 }
                $job | Receive-Job -Wait -AutoRemoveJob
            }; Rows = 1
        }
        @{ Case = 'files of two hosts'; Bring = {
                foreach ($name in 'h2', 'h3') { & { Get-FlannelNode $name; Get-FlannelPeer $name; Get-FlannelEvent $name } | Export-Clixml "$TestDrive/$name.xml" }
                Import-Clixml "$TestDrive/h2.xml", "$TestDrive/h3.xml"
            }; Rows = 2
        }
        @{ Case = 'live objects in another order'; Bring = { Get-FlannelEvent h2; Get-FlannelPeer h2; Get-FlannelNode h2; Get-FlannelLease }; Rows = 1 }
    ) {
        $objects = & $Bring
        $objects | Export-FlannelReport $page -ErrorAction Stop
        $xml = Read-Page
        $mesh = Get-Mesh $xml
        $mesh.Count | Should -Be $Rows
        foreach ($row in $mesh) { @($row.td | Where-Object class -Match '^cell r\d').Count | Should -Be 2 }
        $card = $xml.SelectNodes("//section[@id='nodes']//article")[0].InnerText
        $card | Should -Match 'Ready'
        $card | Should -Match ([regex]::Escape("$((Get-FlannelNode h2).Subnet)"))
        $card | Should -Match 'vxlan, MTU 1450'
        $card | Should -Match 'Lease ends\d{4}-\d\d-\d\d'
        $xml.SelectNodes("//section[@id='events']//tr").Count | Should -BeGreaterThan 1
        $xml.InnerText | Should -Match '4 of 99 subnets|3 of 99 subnets'
    }

    It 'tells two hosts of one name apart by the computer they came from' {
        $objects = foreach ($name in 'h2', 'h3') {
            & { Get-FlannelNode $name; Get-FlannelPeer $name } | ForEach-Object {
                $copy = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($_, 1))
                foreach ($property in 'Name', 'Node') { if ($copy.psobject.Properties[$property]) { $copy.$property = 'flannel' } }
                $copy | Add-Member PSComputerName "computer-$name" -PassThru
            }
        }
        $objects | Sort-Object { Get-Random -SetSeed 7 } | Export-FlannelReport $page
        $mesh = Get-Mesh (Read-Page)
        $mesh.ForEach({ $_.th.InnerText }) | Sort-Object | Should -Be 'computer-h2', 'computer-h3'
    }

    It 'leaves this host out of what others gave, unless it is named' {
        Get-FlannelNode h2 | Export-FlannelReport $page
        (Read-Page).SelectNodes("//section[@id='nodes']//article").Count | Should -Be 1
        Get-FlannelNode h2 | Export-FlannelReport $page -Name h3, fla*
        (Read-Page).SelectNodes("//section[@id='nodes']//article").Count | Should -Be 3
    }

    It 'says once of a kind of objects that it has no place for them, and draws the others' {
        1, 2, 3, (Get-FlannelNode h2), $null | Export-FlannelReport $page -ErrorVariable problem -ErrorAction SilentlyContinue
        @($problem).Count | Should -Be 1
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'InputObjectInvalid,*'
        (Read-Page).SelectNodes("//section[@id='nodes']//article").Count | Should -Be 1
    }

    It 'replaces a file as a whole, gives it with -PassThru, and leaves it with -WhatIf and -NoClobber' {
        Set-Content $page old
        Export-FlannelReport $page -WhatIf
        $null = Get-FailureOf { Export-FlannelReport $page -NoClobber -ErrorAction Stop } FileExists
        Get-Content $page | Should -Be 'old'
        (Export-FlannelReport -LiteralPath $page -PassThru).FullName | Should -Be $page
        Get-Content -Raw $page | Should -Match '^<!DOCTYPE html>'
        (Get-Item $page).UnixMode | Should -Be '-rw-r--r--'
    }

    It 'says of <Case> what is wrong' -ForEach @(
        @{ Case = 'a folder that is not there'; Try = { Export-FlannelReport "$TestDrive/none/x.html" -ErrorAction Stop }; Id = 'FileNotFound' }
        @{ Case = 'a link'; Try = { $null = New-Item -ItemType SymbolicLink "$TestDrive/link.html" -Value /etc/hostname -Force; Export-FlannelReport "$TestDrive/link.html" -ErrorAction Stop }; Id = 'FileUnsafe' }
        @{ Case = 'a node that is not there'; Try = { Export-FlannelReport "$TestDrive/x.html" -Name nosuch -ErrorAction Stop }; Id = 'NodeNotFound' }
        @{ Case = 'a pattern that fits none'; Try = { Export-FlannelReport "$TestDrive/x.html" -Name nosuch* -ErrorAction Stop }; Id = 'NodeNotFound' }
        @{ Case = 'an empty pipeline'; Try = { @() | Export-FlannelReport "$TestDrive/x.html" -ErrorAction Stop }; Id = 'NodeNotFound' }
    ) {
        $null = Get-FailureOf $Try $Id
        Test-Path "$TestDrive/x.html" | Should -BeFalse
    }

    It 'makes a folder and replaces a read-only file with -Force' {
        Export-FlannelReport "$TestDrive/a/b/x.html" -Force
        chmod 0444 "$TestDrive/a/b/x.html"
        $null = Get-FailureOf { Export-FlannelReport "$TestDrive/a/b/x.html" -ErrorAction Stop } FileNotWritten
        Export-FlannelReport "$TestDrive/a/b/x.html" -Force -PassThru | Should -Not -BeNullOrEmpty
    }

    It 'completes the names of nodes' {
        $line = 'Export-FlannelReport x.html -Name h'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'h2', 'h3'
    }

    It 'draws what is cut as cut, with the cause' {
        Invoke-Checked ip -n lan link set h3 down
        try {
            Wait-Until { Get-FlannelPeer flannel -State Unreachable } -Seconds 60
            Export-FlannelReport $page -Name flannel, h2
            $xml = Read-Page
            @($xml.SelectNodes("//table[@class='mesh']//td[contains(@class, 'Unreachable')]")).Count | Should -BeGreaterOrEqual 1
            $xml.SelectSingleNode("//p[contains(@class, 'verdict')]").GetAttribute('class') | Should -Match 'bad'
            $xml.SelectNodes("//p[@class='cause']")[0].InnerText | Should -Match 'cannot be reached'
        }
        finally { Invoke-Checked ip -n lan link set h3 up }
    }

    It 'shows a node that is stopped as what it is' {
        Stop-FlannelNode flannel
        try {
            Export-FlannelReport $page -Name flannel, h2
            (Read-Page).SelectNodes("//section[@id='nodes']//article").ForEach({ $_.InnerText }) -match 'Stopped' | Should -Not -BeNullOrEmpty
        }
        finally { $null = Start-FlannelNode }
    }
}
