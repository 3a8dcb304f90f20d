// The tests share the machine's cores with the hosts they make: one after another.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
