# Every type that a cmdlet writes is shown in its three views, as the cmdlets give it on a host that runs.
BeforeDiscovery {
    $sources = @(
        @{ Type = 'FlannelStore'; Command = { Get-FlannelStore } }
        @{ Type = 'FlannelStoreStatus'; Command = { Test-FlannelStore -Detailed } }
        @{ Type = 'FlannelNetworkConfig'; Command = { Get-FlannelNetworkConfig } }
        @{ Type = 'FlannelBackend'; Command = { New-FlannelBackend vxlan -VNI 7 } }
        @{ Type = 'FlannelTestResult'; Command = { Test-FlannelNetworkConfig -Detailed } }
        @{ Type = 'FlannelCheckResult'; Command = { Test-FlannelNode -Detailed } }
        @{ Type = 'FlannelCheck'; Command = { Get-FlannelCheck } }
        @{ Type = 'FlannelConnectivityResult'; Command = { Test-FlannelConnectivity -Detailed -Count 1 -TimeoutSeconds 1 } }
        @{ Type = 'FlannelLease'; Command = { Get-FlannelLease } }
        @{ Type = 'FlannelInvalidLease'; Command = { Get-FlannelLease -Invalid } }
        @{ Type = 'FlannelLeaseEvent'; Command = { Watch-FlannelLease -IncludeExisting -Count 2 -TimeoutSeconds 5 } }
        @{ Type = 'FlannelNode'; Command = { Get-FlannelNode } }
        @{ Type = 'FlannelPeer'; Command = { Get-FlannelPeer } }
        @{ Type = 'FlannelEvent'; Command = { Get-FlannelEvent } }
        @{ Type = 'FlannelLogEntry'; Command = { Get-FlannelLog } }
        @{ Type = 'FlannelHealth'; Command = { Get-FlannelHealth } }
        @{ Type = 'FlannelInterfaceMatch'; Command = { Find-FlannelInterface } }
        @{ Type = 'FlannelRoute'; Command = { Get-FlannelRoute } }
        @{ Type = 'FlannelMetric'; Command = { Get-FlannelMetric } }
        @{ Type = 'FlannelRepairResult'; Command = { Repair-FlannelNode } }
        @{ Type = 'FlannelSubnetEnv'; Command = { Import-FlannelSubnetEnv } }
        @{ Type = 'FlannelDockerOption'; Command = { Get-FlannelDockerOption } }
        @{ Type = 'FlannelCniConfig'; Command = { New-FlannelCniConfig -Delegate @{ isDefaultGateway = $true } } }
        # systemd need not be there: the object is made of what systemctl would have said.
        @{ Type = 'FlannelService'; Command = {
                $properties = [Collections.Generic.Dictionary[string, string]]::new()
                @{ Id = 'flannelps@flannel.service'; LoadState = 'loaded'; ActiveState = 'active'; SubState = 'running'; UnitFileState = 'enabled'; MainPID = '4711'; MemoryCurrent = '12582912'; NRestarts = '1'; StatusText = 'Ready' }.GetEnumerator() |
                    ForEach-Object { $properties[$_.Key] = $_.Value }
                [FlannelPS.FlannelService].GetConstructors('NonPublic, Instance')[0].Invoke(@(, $properties))
            }
        }
        @{ Type = 'FlannelResetResult'; Command = { Stop-FlannelNode flannel; Reset-FlannelNode flannel -Force -Confirm:$false -PassThru } }
    )
    $views = foreach ($source in $sources) { foreach ($view in 'Table', 'List', 'Wide') { @{ Type = $source.Type; View = $view } } }
}

BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $etcd = Start-LabEtcd
    Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
    Set-LabLease $etcd 10.42.1.0/24 198.18.0.21
    Set-LabLease $etcd 10.42.200.0/24 198.18.0.99 -TimeToLive 0
    Set-LabKey $etcd /coreos.com/network/subnets/garbage 'not json'
    $null = Connect-FlannelStore
    $null = Start-FlannelNode
    $shown = @{}

    # -ShowError puts '#ERR' where a view's script fails, which is left empty otherwise.
    function Show-Object($InputObject, [string] $View, [int] $Width = 120) {
        switch ($View) {
            'Table' { $InputObject | Format-Table -ShowError | Out-String -Width $Width }
            'List' { $InputObject | Format-List -ShowError | Out-String -Width $Width }
            'Wide' { $InputObject | Format-Wide -ShowError | Out-String -Width $Width }
        }
    }
}

AfterAll {
    Get-FlannelNode | Where-Object State -ne Stopped | Stop-FlannelNode
    $etcd | Stop-LabEtcd
    Remove-Module FlannelPS
}

Describe 'The views' {
    It 'have something to show of <Type>' -ForEach $sources {
        $shown[$Type] = @(& $Command)
        $shown[$Type].Count | Should -BeGreaterThan 0
        $shown[$Type][0].GetType().FullName | Should -Be "FlannelPS.$Type"
    }

    It 'show <Type> as <View>' -ForEach $views {
        $text = Show-Object $shown[$Type] $View
        $text.Trim().Length | Should -BeGreaterThan 3
        $text | Should -Not -Match '#ERR'
        # A collection or a dictionary that nobody put into words.
        $text | Should -Not -Match 'System\.|Collections|\{\[|FlannelPS\.Flannel'
    }

    It 'begin a table with what tells one from the other, and stay inside 120 columns' {
        foreach ($type in $shown.Keys) { (Show-Object $shown[$type] Table) -split '\r?\n' | ForEach-Object { $_.Length | Should -BeLessOrEqual 120 -Because $type } }
    }

    It 'show the whole of what an operator reads first of a node, in 80 columns' {
        $text = ($shown.FlannelNode | Format-Table | Out-String -Width 80) -replace "`e\[[\d;]*m"
        $lines = @($text -split '\r?\n' | Where-Object { $_.Trim() })
        ($lines[0] -split '\s+')[0..4] | Should -Be 'Name', 'State', 'Subnet', 'PublicIP', 'Backend'
        foreach ($node in $shown.FlannelNode) { $text | Should -Match "$($node.Name) +$($node.State) +$([regex]::Escape("$($node.Subnet)")) +$([regex]::Escape("$($node.PublicIP)")) +$($node.Backend)\b" }
    }

    It 'tell times from now and by the clock' {
        Show-Object $shown.FlannelLease Table | Should -Match 'in 59m|in 1h'
        Show-Object $shown.FlannelLease Table | Should -Match 'reserved'
        Show-Object $shown.FlannelLease List | Should -Match '\d{4}-\d\d-\d\d \d\d:\d\d:\d\d .* \(in (59m|1h)'
        Show-Object $shown.FlannelService Table | Should -Match '12 MiB'
    }

    It 'colour states where the host shows colour, and nowhere else' {
        $before = $PSStyle.OutputRendering
        try {
            $PSStyle.OutputRendering = 'Ansi'
            Show-Object $shown.FlannelNode Table | Should -Match "`e\[(92mReady|91mPeerUnreachable)`e\[0m"
            foreach ($rendering in 'PlainText', 'Host') {
                $PSStyle.OutputRendering = $rendering
                foreach ($view in 'Table', 'List', 'Wide') { Show-Object $shown.FlannelNode $view | Should -Not -Match "`e" -Because "$rendering $view" }
            }
        }
        finally { $PSStyle.OutputRendering = $before }
        & ([Environment]::ProcessPath) -NoProfile -Command "Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'; Find-FlannelInterface; Test-FlannelStore -Detailed" | Out-String | Should -Not -Match "`e"
    }
}
