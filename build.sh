#!/usr/bin/env bash
# ./build.sh WORD [OPTIONS]: compiles the build file when it changed, then runs it. The targets are all in build.cs, and build/ has what they need.
set -eu
cd "$(dirname "$0")"

if ! command -v dotnet >/dev/null; then
  echo 'build.sh: the .NET SDK 10 is needed and not on the path; see https://dotnet.microsoft.com/download' >&2
  exit 1
fi
# Invariant: the SDK alone is no reason to have ICU.
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
export PATH="$PATH:/usr/sbin:/sbin"

program=bin/build/build.dll
if [ ! -f $program ] || [ -n "$(find build.cs build -newer $program -print -quit)" ]; then
  dotnet build build.cs -c Release -o bin/build -v quiet -nologo
fi
# In this shell's place, so that a signal reaches it.
exec dotnet $program "$@"
