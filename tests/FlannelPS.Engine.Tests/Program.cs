using FlannelPS.Engine.Tests.Etcd;

// The same executable is the test runner and the other process of tests that need one.
return args is ["--probe", .. var probe]
    ? await LocalStoreProbe.RunAsync(probe)
    : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
