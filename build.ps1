#!/usr/bin/env pwsh
# ./build.ps1 WORD [OPTIONS]: compiles the build file when it changed, then runs it. The targets are all in build.cs, and build/ has what they need.
$ErrorActionPreference = 'Stop'
Push-Location $PSScriptRoot
try {
    if (-not (Get-Command dotnet -ErrorAction Ignore)) {
        throw 'The .NET SDK 10 is needed and not on the path; see https://dotnet.microsoft.com/download'
    }
    $env:DOTNET_NOLOGO = '1'
    $env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'
    $env:PATH = "$env:PATH`:/usr/sbin:/sbin"
    $program = 'bin/build/build.dll'
    if (-not (Test-Path $program) -or (Get-ChildItem build.cs, build/*.cs | Where-Object LastWriteTime -GT (Get-Item $program).LastWriteTime)) {
        dotnet build build.cs -c Release -o bin/build -v quiet -nologo
        if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
    }
    dotnet $program @args
    exit $LASTEXITCODE
}
finally {
    Pop-Location
}
