package interop;

import static interop.ClientCases.bytes;
import static interop.Stage.eventually;
import static interop.Stage.same;
import static interop.Stage.that;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.atomic.AtomicValue;
import org.apache.curator.framework.recipes.atomic.CachedAtomicLong;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicInteger;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicValue;
import org.apache.curator.framework.recipes.atomic.PromotedToLock;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.recipes.shared.SharedCountListener;
import org.apache.curator.framework.recipes.shared.SharedCountReader;
import org.apache.curator.framework.recipes.shared.SharedValue;
import org.apache.curator.framework.recipes.shared.VersionedValue;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.curator.retry.RetryNTimes;

/** Curator's counters and shared values. */
final class CounterCases {
  static void addTo(Cases cases) {
    atomic(cases);
    shared(cases);
  }

  private static void atomic(Cases cases) {
    cases.add("DistributedAtomicLong: no increment is lost", stage -> {
      CompletableFuture<?>[] all = new CompletableFuture<?>[4];
      for (int n = 0; n < all.length; n += 1) {
        CuratorFramework curator = stage.curator();
        all[n] = CompletableFuture.runAsync(() -> addTen(curator));
      }
      CompletableFuture.allOf(all).get(40, TimeUnit.SECONDS);
      same(40L, counter(stage.curator()).get().postValue());
    });
    cases.add("DistributedAtomicLong: compares and sets, initializes once", stage -> {
      DistributedAtomicLong counter = counter(stage.curator());
      that("it is initialized", counter.initialize(5L));
      that("once", !counter.initialize(6L));
      that("5 becomes 9", counter.compareAndSet(5L, 9L).succeeded());
      that("it is not 5 any more", !counter.compareAndSet(5L, 10L).succeeded());
      AtomicValue<Long> subtracted = counter.subtract(4L);
      same(9L, subtracted.preValue());
      same(5L, subtracted.postValue());
    });
    cases.add("DistributedAtomicInteger: promoted to a lock", stage -> {
      PromotedToLock lock = PromotedToLock.builder()
          .lockPath("/lock").timeout(20, TimeUnit.SECONDS).retryPolicy(new RetryNTimes(3, 10)).build();
      DistributedAtomicInteger counter =
          new DistributedAtomicInteger(stage.curator(), "/counter", new RetryNTimes(0, 1), lock);
      that("it is set", counter.trySet(7).succeeded());
      that("it is incremented", counter.increment().succeeded());
      same(8, counter.get().postValue());
    });
    cases.add("DistributedAtomicValue and CachedAtomicLong", stage -> {
      CuratorFramework curator = stage.curator();
      DistributedAtomicValue value = new DistributedAtomicValue(curator, "/value", new RetryNTimes(3, 10));
      value.forceSet(bytes("x"));
      same("x", new String(value.get().postValue(), UTF_8));
      CachedAtomicLong numbers = new CachedAtomicLong(counter(curator), 10);
      for (long i = 1; i <= 25; i += 1) same(i, numbers.next().postValue());
      same(30L, counter(curator).get().postValue());
    });
  }

  private static DistributedAtomicLong counter(CuratorFramework curator) {
    return new DistributedAtomicLong(curator, "/counter", new ExponentialBackoffRetry(5, 20, 100));
  }

  private static void addTen(CuratorFramework curator) {
    try {
      DistributedAtomicLong counter = counter(curator);
      int added = 0;
      while (added < 10) {
        if (counter.increment().succeeded()) added += 1;
      }
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void shared(Cases cases) {
    cases.add("SharedCount: a change is told to the others", stage -> {
      SharedCount mine = stage.closing(new SharedCount(stage.curator(), "/count", 1));
      SharedCount theirs = stage.closing(new SharedCount(stage.curator(), "/count", 1));
      List<Integer> heard = new CopyOnWriteArrayList<>();
      theirs.addListener(new SharedCountListener() {
        @Override
        public void countHasChanged(SharedCountReader count, int value) {
          heard.add(value);
        }

        @Override
        public void stateChanged(CuratorFramework client, ConnectionState state) {
          // Only the counts matter here.
        }
      });
      mine.start();
      theirs.start();
      mine.setCount(42);
      eventually("it is heard", () -> heard.contains(42));
      same(42, theirs.getCount());
    });
    cases.add("SharedValue: is not set by who has an old version", stage -> {
      SharedValue mine = stage.closing(new SharedValue(stage.curator(), "/value", bytes("seed")));
      SharedValue theirs = stage.closing(new SharedValue(stage.curator(), "/value", bytes("seed")));
      mine.start();
      theirs.start();
      VersionedValue<byte[]> old = theirs.getVersionedValue();
      that("mine is set", mine.trySetValue(mine.getVersionedValue(), bytes("mine")));
      that("theirs is not", !theirs.trySetValue(old, bytes("theirs")));
      eventually("it is seen", () -> new String(theirs.getValue(), UTF_8).equals("mine"));
    });
  }
}
