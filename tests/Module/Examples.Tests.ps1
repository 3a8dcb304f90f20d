# Every example of docs/cmdlets is run, in order, each file in a fresh bed (ExampleBed.psm1); those of services under a real systemd.
BeforeDiscovery {
    Import-Module $PSScriptRoot/ExampleBed.psm1 -Force
    Import-Module $PSScriptRoot/Systemd.psm1 -Force
    $why = Get-SystemdProblem
    $files = foreach ($file in Get-ChildItem "$PSScriptRoot/../../docs/cmdlets/*-*.md") {
        $number = 0
        @{
            Cmdlet  = $file.BaseName
            Blocks  = @(Get-ExampleBlock $file.FullName | ForEach-Object { @{ Number = ++$number; Code = $_; Why = $why } })
            Service = $file.BaseName -match '-FlannelService$'
        }
    }
}

BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $PSScriptRoot/ExampleBed.psm1 -Force
    Import-Module $PSScriptRoot/Systemd.psm1 -Force
    $bed = Initialize-ExampleBed (Join-Path $TestDrive pki)
}

Describe 'The examples of <Cmdlet>' -ForEach ($files | Where-Object { -not $_.Service }) {
    BeforeAll {
        Reset-ExampleBed $bed
        $shell = New-ExampleSession $bed (Join-Path $TestDrive $Cmdlet)
    }

    AfterAll {
        if ($shell) { $shell.Runspace.Dispose(); $shell.Dispose() }
        Get-ChildItem env:FLANNEL* | Where-Object Name -NotIn FLANNELPS_LAB, FLANNELPS_MODULE | Remove-Item
    }

    It 'are at least two' {
        $Blocks.Count | Should -BeGreaterOrEqual 2
        $Blocks[0].Code | Should -Match "\b$Cmdlet\b"
    }

    It 'run: block <Number>' -ForEach $Blocks {
        Invoke-ExampleBlock $shell $Code
    }
}

Describe 'The examples of <Cmdlet>' -ForEach ($files | Where-Object { $_.Service }) {
    BeforeAll {
        if (Get-SystemdProblem) { return }
        $results = Invoke-UnderSystemd -ArgumentList $PSScriptRoot, $Cmdlet, @($Blocks.Code) {
            param($Folder, $Cmdlet, $Code)
            foreach ($state in '/run/flannel', '/run/flannelps', '/var/lib/flannelps', '/var/log/flannelps', '/etc/flannelps', '/etc/cni/net.d') { $null = New-Item -ItemType Directory -Force $state }
            Import-Module $Folder/ExampleBed.psm1
            $bed = Initialize-ExampleBed /tmp/pki
            Reset-ExampleBed $bed
            # Here the node is a service, unless a service is what is made.
            $shell = New-ExampleSession $bed /tmp/session ($Cmdlet -eq 'Register-FlannelService' ? '' : '$null = Register-FlannelService -Start')
            foreach ($block in $Code) { try { $null = Invoke-ExampleBlock $shell $block; '' } catch { "$_" } }
            Get-Process etcd | Stop-Process
        }
    }

    It 'are at least two' {
        $Blocks.Count | Should -BeGreaterOrEqual 2
        $Blocks[0].Code | Should -Match "\b$Cmdlet\b"
    }

    It 'run: block <Number>' -ForEach $Blocks {
        if ($Why) { Set-ItResult -Skipped -Because $Why }
        @($results).Count | Should -Be $Blocks.Count
        @($results)[$Number - 1] | Should -BeNullOrEmpty
    }
}

AfterAll {
    Reset-ExampleBed $bed
    $bed.Secure, $bed.Etcd | Stop-LabEtcd
}
