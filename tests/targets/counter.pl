# Counts and keeps a hash of everything counted; DIR/go makes it compare and say what it found.
use strict;
use warnings;
my $directory = shift;
my %squares;
$squares{$_} = $_ * $_ for 1 .. 200_000;
my $beats = 0;
open my $ready, '>', "$directory/ready" or die;
close $ready;
while (!-e "$directory/go") {
    $beats++;
    $squares{"beat $beats"} = $beats;
    select undef, undef, undef, 0.002;
}
my $wrong = 0;
for (1 .. 200_000) { $wrong++ if $squares{$_} != $_ * $_ }
for (1 .. $beats) { $wrong++ if $squares{"beat $_"} != $_ }
open my $log, '>', "$directory/log" or die;
print $log $wrong ? "differs: $wrong entries\nfailed\n" : "ok\n";
close $log;
exit($wrong ? 1 : 0);
