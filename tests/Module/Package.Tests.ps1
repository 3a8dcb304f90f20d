# The package, as a user gets it: from a repository (here a folder), with PSResourceGet, for all users of the host. The modules' folder of this run is its own.
BeforeDiscovery {
    $package = @(Get-ChildItem "$env:FLANNELPS_MODULE/../FlannelPS.*.nupkg")[0]
}

BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $modules = '/usr/local/share/powershell/Modules'
    $made = -not (Test-Path $modules)
    $null = New-Item -ItemType Directory -Force $modules
    Invoke-Checked mount -t tmpfs -o mode=0755 tmpfs $modules
    $package = @(Get-ChildItem "$env:FLANNELPS_MODULE/../FlannelPS.*.nupkg")[0]
    $version = $package.Name -replace '^FlannelPS\.(.*)\.nupkg$', '$1'
    $number = [version] ($version -split '-')[0]
    $next = "$($number.Major).$($number.Minor + 1).0"
    $repository = (New-Item -ItemType Directory (Join-Path $TestDrive repository)).FullName
    $homes = (New-Item -ItemType Directory (Join-Path $TestDrive homes)).FullName

    # The same package under another version, modes and all.
    function New-PackageVersion([string] $Version) {
        $target = "$repository/FlannelPS.$Version.nupkg"
        Copy-Item $package $target
        $zip = [IO.Compression.ZipFile]::Open($target, 'Update')
        foreach ($change in @{ Entry = 'FlannelPS.nuspec'; From = '<version>.*</version>'; To = "<version>$Version</version>" }, @{ Entry = 'FlannelPS.psd1'; From = "(ModuleVersion\s*=) '.*'"; To = "`$1 '$Version'" }) {
            $entry = $zip.GetEntry($change.Entry)
            $reader = [IO.StreamReader]::new($entry.Open())
            $text = $reader.ReadToEnd() -replace $change.From, $change.To
            $reader.Dispose()
            $stream = $entry.Open()
            $stream.SetLength(0)
            $stream.Write([Text.Encoding]::UTF8.GetBytes($text))
            $stream.Dispose()
        }
        $zip.Dispose()
    }

    # A session of a user's own, with a home of its own.
    function Invoke-As([string] $User, [string] $Script) {
        $home_ = "$homes/$User"
        if (-not (Test-Path $home_)) {
            $null = New-Item -ItemType Directory $home_
            chown "$User`:" $home_
        }
        $command = @('env', "HOME=$home_", ([Environment]::ProcessPath), '-NoProfile', '-NonInteractive', '-Command', "`$ErrorActionPreference = 'Stop'; `$ProgressPreference = 'SilentlyContinue'; $Script")
        if ($User -ne 'root') { $command = @('setpriv', "--reuid=$(id -u $User)", "--regid=$(id -g $User)", '--clear-groups') + $command }
        Invoke-Checked @command
    }

    function Install-Version([string] $Version) {
        New-PackageVersion $Version
        Invoke-As root "if (-not (Get-PSResourceRepository folder -ErrorAction Ignore)) { Register-PSResourceRepository folder -Uri '$repository' -Trusted }; Install-PSResource FlannelPS -Version $Version -Repository folder -Scope AllUsers"
    }
}

AfterAll {
    Get-Process flannelpsd -ErrorAction Ignore | ForEach-Object { $_.Kill(); $_.WaitForExit() }
    # The files that follow find folders without what the other host left here.
    '/run/flannel', '/run/flannelps', '/var/lib/flannelps', '/var/log/flannelps' | ForEach-Object { Remove-Item -Recurse -Force $_/* }
    umount $modules
    if ($made) { Remove-Item $modules }
}

Describe 'The package' -Skip:(-not $package) {
    It 'holds the daemon as an executable file, and all others as plain ones' {
        $zip = [IO.Compression.ZipFile]::OpenRead($package)
        $zip.Entries.Where({ $_.FullName -like '*/flannelpsd' }).ExternalAttributes -shr 16 -band 0x1FF | Should -Be 0x1ED
        $zip.Entries.Where({ $_.FullName -notlike '*/flannelpsd' }).ForEach({ $_.ExternalAttributes -shr 16 -band 0x1FF }) | Sort-Object -Unique | Should -Be 0x1A4
        $zip.Dispose()
    }

    It 'is found in a repository by its name, its tags and its cmdlets' {
        New-PackageVersion $number
        $found = Invoke-As root "Register-PSResourceRepository folder -Uri '$repository' -Trusted; `$found = Find-PSResource FlannelPS -Repository folder; `"`$(`$found.Version) `$(`$found.Type) `$(`$found.Includes.Cmdlet.Count) `$(`$found.Tags -contains 'Linux')`""
        $exports = (Import-PowerShellDataFile $env:FLANNELPS_MODULE/FlannelPS.psd1).CmdletsToExport.Count
        $found | Should -Be "$number Module $exports True"
    }
}

Describe 'From install to uninstall' -Skip:(-not $package) {
    BeforeAll {
        $etcd = Start-LabEtcd
        Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
        $other = New-LabHost 2
        $peer = Start-LabPeer $other $etcd.Remote
        $address = [regex]::Match((Get-Content -Raw /run/flannel/h2.env), 'FLANNEL_SUBNET=(.*)\.1/').Groups[1].Value + '.0'
    }

    AfterAll {
        if (-not $peer.HasExited) { $peer.Kill() }
        $etcd | Stop-LabEtcd
        Remove-LabHost 2
    }

    It 'installs for all users, the daemon executable and every file readable' {
        Install-Version $number
        $folder = "$modules/FlannelPS/$number"
        & $folder/runtimes/linux-x64/native/flannelpsd --version | Should -BeLike "*$version*"
        Get-ChildItem -Recurse -File $folder | Where-Object { -not ($_.UnixFileMode -band 'OtherRead') } | Should -BeNullOrEmpty
        $shipped = Get-ChildItem -Recurse -File $env:FLANNELPS_MODULE | ForEach-Object { [IO.Path]::GetRelativePath($env:FLANNELPS_MODULE, $_.FullName) }
        $installed = Get-ChildItem -Recurse -File $folder | ForEach-Object { [IO.Path]::GetRelativePath($folder, $_.FullName) } | Where-Object { $_ -ne 'PSGetModuleInfo.xml' }
        $installed | Sort-Object | Should -Be ($shipped | Sort-Object)
    }

    It 'is found by another user without an import, and works' {
        if (-not [IO.File]::GetUnixFileMode([Environment]::ProcessPath).HasFlag([IO.UnixFileMode]::OtherExecute)) { Set-ItResult -Skipped -Because 'this PowerShell may be run by its owner alone' }
        Invoke-As nobody '"$((Get-FlannelLease).Count) $((Get-Module FlannelPS).Version) $((Get-Help Get-FlannelLease).Synopsis.Length -gt 20) $((Get-Help about_FlannelPS).Length -gt 1000)"' | Should -Be "1 $number True True"
    }

    It 'loses no packet while a node of the installed module is updated to the next version' {
        Invoke-As root '(Start-FlannelNode).State' | Should -Be 'Ready'
        Wait-Until { ping -c 1 -W 1 $address; $LASTEXITCODE -eq 0 }
        $daemon = (Get-Process flannelpsd | Where-Object Path -like "$modules/*").Id
        $ping = Start-Process ping -ArgumentList '-i', '0.01', '-q', $address -PassThru -RedirectStandardOutput "$TestDrive/ping"

        Install-Version $next
        (Get-Process -Id $daemon).HasExited | Should -BeFalse
        Invoke-As root "`$node = Restart-FlannelNode flannel -PassThru; `"`$(`$node.State) `$((Get-Module FlannelPS).Version)`"" | Should -Be "Ready $next"
        (Get-Process flannelpsd | Where-Object Path -like "$modules/*").Path | Should -BeLike "$modules/FlannelPS/$next/*"

        kill -INT $ping.Id
        $ping.WaitForExit()
        $lines = Get-Content -Raw "$TestDrive/ping"
        $lines | Should -Match '(\d+) packets transmitted, \1 received'
        [int] ($lines -replace '(?s).*?(\d+) packets transmitted.*', '$1') | Should -BeGreaterThan 50
    }

    It 'lets the older version go while the newer runs' {
        Invoke-As root "Uninstall-PSResource FlannelPS -Version $number -Scope AllUsers; (Get-FlannelNode flannel).State" | Should -Be 'Ready'
        (Get-ChildItem $modules/FlannelPS).Name | Should -Be $next
    }

    It 'leaves nothing behind' {
        Invoke-As root "Stop-FlannelNode flannel; Reset-FlannelNode flannel -Force -Confirm:`$false; Uninstall-PSResource FlannelPS -Scope AllUsers"
        Invoke-As root '@(Get-Command *-Flannel*).Count' | Should -Be 0
        Get-ChildItem $modules | Should -BeNullOrEmpty
        # The other host has its files in the same folders.
        foreach ($folder in '/run/flannel', '/run/flannelps', '/var/lib/flannelps', '/var/log/flannelps', '/etc/flannelps') {
            Get-ChildItem -Recurse -File $folder | Where-Object FullName -NotMatch '/h2[./]' | Should -BeNullOrEmpty -Because $folder
        }
        ip -o link show type vxlan | Should -BeNullOrEmpty
        ip route | Should -Not -Match '10\.42\.'
    }
}
