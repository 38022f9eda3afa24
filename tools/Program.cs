Console.WriteLine("lazyrestore");
