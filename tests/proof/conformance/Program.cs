// Copyright: (c) 2026, winstorage.iscsi contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The C# runner as a program. Each line of standard input is a batch, each line of output its answer, or after "! " the
// exception in full. With the argument --interrupted it takes a batch that hangs, and interrupts the thread that waits.
// With the argument --declarations it prints what a batch may call, with --references what it needs.

using System;
using System.Collections.Generic;
using System.Reflection;
using System.Threading;
using ansible_collections.winstorage.iscsi.plugins.module_utils.Iscsidsc;

public static class Driver
{
    public static int Main(string[] arguments)
    {
        if (arguments.Length > 0 && arguments[0] == "--declarations")
            Declarations();
        else if (arguments.Length > 0 && arguments[0] == "--references")
            foreach (AssemblyName name in typeof(CallRunner).Assembly.GetReferencedAssemblies())
                Console.WriteLine(name.Name + " " + name.Version);
        else if (arguments.Length > 0 && arguments[0] == "--interrupted")
            Interrupted(Console.ReadLine());
        else
            Batches();
        return 0;
    }

    private static void Batches()
    {
        string line;
        while ((line = Console.ReadLine()) != null)
            Run(line);
    }

    private static void Run(string batch)
    {
        try
        {
            Console.WriteLine(CallRunner.Run(batch));
        }
        catch (Exception problem)
        {
            Console.WriteLine("! " + problem.ToString().Replace("\r", "").Replace("\n", " | "));
        }
        Console.Out.Flush();
    }

    private static void Interrupted(string batch)
    {
        Thread waiting = new Thread(() => Run(batch));
        waiting.Start();
        Thread.Sleep(1000);
        waiting.Interrupt();
        waiting.Join();
    }

    private static void Declarations()
    {
        foreach (string holder in new string[] { "NativeMethods", "InitiatorService" })
        {
            Type type = typeof(CallRunner).Assembly.GetType(typeof(CallRunner).Namespace + "." + holder, true);
            BindingFlags declared = BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly;
            foreach (MethodInfo method in type.GetMethods(declared))
            {
                List<string> words = new List<string> { holder, method.Name, method.ReturnType.Name };
                foreach (ParameterInfo parameter in method.GetParameters())
                    words.Add(parameter.ParameterType.Name + ":" + parameter.Name);
                Console.WriteLine(string.Join(" ", words.ToArray()));
            }
        }
    }
}
