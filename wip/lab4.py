import sys; sys.path.insert(0,'/work/wt/start')
from mr_kmeans.algorithm.starts.search import search
import lab
from mr_kmeans.algorithm.starts import problem as S2
def new(P,n=10): return search(P,n),[n,0]
lab.S=S2
lab.new=new
import types
src=open('/tmp/labdata/lab.py').read()
from mr_kmeans.algorithm.starts.on_sample import sample_capacity
S2.sample_capacity=sample_capacity
g=lab.__dict__
exec(src[src.index("if __name__"):], g | {'__name__':'__main__'})
